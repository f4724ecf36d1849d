import type { Dialect } from '../emulators/emulator.ts';
import { metering } from '../emulators/metering/index.ts';
import { opaque } from '../emulators/opaque/index.ts';
import { relay } from '../emulators/relay/index.ts';

/** Every dialect that a case may name. */
export const DIALECTS: Readonly<Record<string, Dialect>> = { metering, opaque, relay };
