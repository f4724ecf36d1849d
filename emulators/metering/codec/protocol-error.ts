import type { Decoded } from './frame.ts';

/** The words with which the reason of a `protocol-error` begins, and what each says. */
export const PROTOCOL_FAULTS = {
  'bad-length': 'the length field is below 6 or over the limit of the sender',
  'bad-version': 'the version byte is not 1',
  'bad-type': 'no message with this type comes from this side',
  'bad-request-id': 'a request has the id 0',
  'bad-count': 'a list has more items than its field allows',
  'bad-string': 'a string or text is shorter or longer than its field allows',
  'bad-utf8': 'a string or text is not well-formed UTF-8',
  'bad-value': 'a choice that is not listed, or a number over its bound',
  truncated: 'the payload ends within a field',
  'trailing-bytes': 'the payload goes on after its last field',
  'hello-expected': 'another message came before `hello`',
  'second-hello': '`hello` came twice on one connection',
} as const;

export type ProtocolFault = keyof typeof PROTOCOL_FAULTS;

/** The peer sent what the protocol does not allow. The connection cannot be used any further. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly why: ProtocolFault;
  /** The request id of the message, 0 where it is not known. */
  requestId = 0;
  /** The whole messages that the same chunk held before the wrong one. */
  before: readonly Decoded[] = [];

  constructor(why: ProtocolFault, detail: string) {
    super(`${why}: ${detail}`);
    this.why = why;
  }
}
