import type { AnswerFault, Note } from '../../emulator.ts';
import type { MessageOf, ServerMessage } from '../codec/index.ts';
import { busyMs } from '../faults.ts';

/** What comes of one message: notes, told before the answer leaves, and the answer. */
export interface Reply {
  readonly notes: readonly Note[];
  /** In this order; one, but for a configuration in parts. */
  readonly answers?: readonly ServerMessage[];
  /** True: the server ends the connection after the answer. */
  readonly end?: boolean;
}

export type Hello = MessageOf<'hello'>;

/** Every request but hello and bye can meet a busy server (Q245228). */
export function busy(fault: AnswerFault, asked: readonly Note[] = []): Reply {
  const retryAfterMs = busyMs(fault);
  return {
    notes: [...asked, { event: 'busy', fields: { 'retry-after': retryAfterMs / 1000 } }],
    answers: [{ type: 'busy', retryAfterMs }],
  };
}
