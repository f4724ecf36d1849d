import type { Dialect } from '../../../emulators/emulator.ts';
import { redecode } from '../../capture/decode.ts';
import type { Trace } from '../../trace/event.ts';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../../trace/vocabulary.ts';

/** What the shim or the server alone knows. */
const UNSEEN: ReadonlySet<string> = new Set([
  ...Object.keys(SERVER_EVENTS),
  ...Object.keys(CLIENT_EVENTS),
  'answer-lost',
  'garbled',
  'malformed',
]);

/** A recorded run as a bystander on the wire would have captured it: attempts, bytes, and what they say. */
export function fromTheWire({ header, events }: Trace, dialect: Dialect): Trace {
  const { capture: _, ...plain } = header;
  const seen = events.flatMap((event) =>
    UNSEEN.has(event.event) || event.actor === 'harness'
      ? []
      : { ...event, ...(event.event === 'swallowed' && { event: 'received' }) },
  );
  return {
    header: { ...plain, case: 'capture/field', client: 'unknown', observer: 'capture' },
    events: redecode(seen, dialect),
  };
}
