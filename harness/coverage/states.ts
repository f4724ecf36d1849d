// The columns of the grid: what a client and one face of a server can be to each other, in words that every dialect has.

export interface ProtocolState {
  readonly id: string;
  /** What faults can get hold of in that state. */
  readonly kind: 'apart' | 'connected' | 'idle' | 'asked' | 'answering';
  /** For people, completing "the client …". */
  readonly about: string;
}

/** In the order of a session. What is asked is called by the word by which a trace notes it. */
export const STATES: readonly ProtocolState[] = [
  { id: 'apart', kind: 'apart', about: 'has no connection, and no lease from there' },
  { id: 'apart-leased', kind: 'apart', about: 'has no connection, but a lease from there' },
  {
    id: 'restarted',
    kind: 'apart',
    about: 'is dead, or was started again and has not been answered there since',
  },
  { id: 'connected', kind: 'connected', about: 'has connected, and nothing has been answered' },
  { id: 'probe', kind: 'asked', about: 'waits for the answer to a probe' },
  { id: 'hello', kind: 'asked', about: 'waits for the answer to its hello' },
  { id: 'idle', kind: 'idle', about: 'is connected and waits for nothing, without a lease' },
  { id: 'idle-leased', kind: 'idle', about: 'is connected and waits for nothing, with a lease' },
  { id: 'lease-request', kind: 'asked', about: 'waits for a licence' },
  { id: 'lease-renew', kind: 'asked', about: 'waits for the answer to its live status' },
  { id: 'lease-release', kind: 'asked', about: 'gives a licence back, and waits for the answer' },
  { id: 'lease-checkout', kind: 'asked', about: 'waits for a licence to take away' },
  { id: 'lease-checkin', kind: 'asked', about: 'brings a checked-out licence back, and waits' },
  { id: 'callback-request', kind: 'asked', about: 'asks to be called back, and waits' },
  { id: 'callback-awaited', kind: 'idle', about: 'is connected, and will be called back' },
  { id: 'upload-offer', kind: 'asked', about: 'has offered records, and waits' },
  { id: 'configuration', kind: 'asked', about: 'waits for its configuration' },
  { id: 'configuration-half', kind: 'answering', about: 'has a part of its configuration' },
  { id: 'request', kind: 'asked', about: 'has asked for something that nobody has understood' },
];

/** Asked for, but nobody knows what: of a dialect without a decoder, and of nonsense. */
export const UNKNOWN_REQUEST = 'request';

/** Of requests, the event with which a server accepts. */
export const ACCEPTED_AS: Readonly<Record<string, string>> = {
  'lease-request': 'lease-grant',
  'lease-renew': 'lease-renew',
  'lease-release': 'lease-release',
  'lease-checkout': 'lease-checkout',
  'lease-checkin': 'lease-checkin',
  'upload-offer': 'upload-accept',
};

/** States that there are only where leases are. */
export const LEASED: ReadonlySet<string> = new Set(['apart-leased', 'idle-leased']);

const REQUESTS: ReadonlySet<string> = new Set(
  STATES.filter(({ kind }) => kind === 'asked').map(({ id }) => id),
);

const AWAITING: ReadonlySet<string> = new Set(
  STATES.filter(({ kind }) => kind === 'asked' || kind === 'answering').map(({ id }) => id),
);

/** True for a state in which the client waits for an answer, or for the rest of one. */
export function isAwaiting(state: string | undefined): state is string {
  return state !== undefined && AWAITING.has(state);
}

/** True for a word by which a request is noted. */
export function isRequest(event: string): boolean {
  return REQUESTS.has(event);
}
