import { blackHole } from './black-hole.ts';
import { cut } from './cut.ts';
import { duplicate } from './duplicate.ts';
import type { WireFaultMaker } from './fault.ts';
import { garbage } from './garbage.ts';
import { halfOpen } from './half-open.ts';
import { hang } from './hang.ts';
import { lostAck } from './lost-ack.ts';
import { refuse } from './refuse.ts';
import { resetAfterRequest } from './reset-after-request.ts';
import { reset } from './reset.ts';
import { slow } from './slow.ts';

/** The wire faults by the names that cases use (`harness/case/faults.ts` describes them). */
export const WIRE_FAULTS: Readonly<Record<string, WireFaultMaker>> = {
  refuse,
  reset,
  'reset-after-request': resetAfterRequest,
  'black-hole': blackHole,
  'half-open': halfOpen,
  hang,
  slow,
  cut,
  'lost-ack': lostAck,
  duplicate,
  garbage,
};
