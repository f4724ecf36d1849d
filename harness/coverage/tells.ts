import type { TraceEvent } from '../trace/event.ts';

/** Words of answers whose faults are called otherwise than they. */
const TOLD_BY: Readonly<Record<string, string>> = {
  deny: 'lease-deny',
  nack: 'upload-refuse',
  '503': 'busy',
};

/**
 * True when an event shows that an answer fault has made the answer: the name of the fault is its word, its `status` or
 * its `why`, or it has the word for what that name means. A dialect notes its answers so.
 */
export function tells(fault: string, { event, fields }: TraceEvent): boolean {
  const words = [fault, TOLD_BY[fault]];
  return words.includes(event) || String(fields['status']) === fault || fields['why'] === fault;
}
