// The words of a trace. Every dialect speaks the same semantic events, so that cases and rules hold for all of them.

/** What the shim or an observer sees on a face of a server, without knowing the dialect. */
export const TRANSPORT_EVENTS = {
  connect: 'a connection was accepted',
  refused: 'a connection attempt was answered with a reset (nobody listens)',
  unanswered: 'a connection attempt was not answered at all (black hole)',
  received: 'bytes came from the client (raw, not matched by cases)',
  sent: "bytes went to the client (raw, not matched by cases); tls=own where they are of Meterproof's end of TLS",
  swallowed: 'bytes came from the client and went nowhere (hang, half-open)',
  'answer-lost': 'an answer, or the rest of one, never left the server (lost-ack, cut, reset)',
  garbled: 'bytes that were sent just now are not what the server meant (garbage); bytes=',
  reset: 'the connection ended with an RST; by=client or by=server',
  close: 'the connection ended with a FIN; by=client or by=server',
} as const;

/** What an emulator understood or did. */
export const SEMANTIC_EVENTS = {
  probe: 'the client asks whether the server can be reached; status=',
  hello: 'the client introduces itself; mode=',
  'login-refused': 'the server refuses the account',
  'lease-request': 'the client asks for a licence; program=',
  'lease-grant': 'the server grants it; program= lease=',
  'lease-deny': 'the server denies it; program= why=',
  'lease-renew':
    'the client says that it still runs, and the server knows so many of the leases that it names; leases=',
  'lease-release': 'the client gives the licence back; lease= program=',
  'lease-reclaim': 'the server takes the licence back from a silent client; lease= program=',
  'lease-checkout':
    'a licence is checked out: the client may use it away from the network; program= lease=',
  'lease-checkin':
    'a checked-out licence comes back, at the latest when its time is over; program= lease= by=client or by=server',
  'upload-offer': 'the client offers usage records; log= records= record=',
  'upload-accept': 'the server has stored them; log= records= record= status=',
  'upload-refuse': 'the server does not take them; status= why=',
  configuration: 'the client fetches its configuration; version=',
  busy: 'the server says that it is busy, and for how many seconds; retry-after=',
  malformed:
    'the server did what it was asked, but its answer is none that the protocol allows; why=',
  'callback-request': 'the client asks to be told when a licence is free; program=',
  callback:
    'the server tells the client that a licence is free and kept for it for so many seconds; program= grace=',
  bye: 'the client takes its leave',
  'protocol-error': 'the client sent what the protocol does not allow; why=',
} as const;

/** What the play does to a server. */
export const SERVER_EVENTS = {
  down: 'a fault begins; fault=, its arguments, new-only=true where it spares connections',
  up: 'a fault ends; fault=',
  restart: 'the server is started anew, with state=kept or state=lost',
  'clock-skew': 'the clock of the server is set; by=',
  seats: 'the server has another number of licences now; program= seats=',
} as const;

/** What happens to, or is said by, a client build. Its own word is shown, never evidence. */
export const CLIENT_EVENTS = {
  start: 'the process was started; run=',
  kill: 'the process group got SIGKILL from the play',
  exit: 'the process ended; code= or signal=',
  command: 'a command was given; id= name= program= argument=',
  answer: 'the client answered a command; id= result=',
  said: 'an event that the client reports',
  clock: 'the wall clock of the client was set; by=',
  disk: 'the log of the client cannot be written any more, can again, or ends in half a record; state=full, state=free or state=torn',
  contract: 'the client broke the client contract; why=',
} as const;

/** Milestones of the case, actor `harness`. */
export const HARNESS_EVENTS = {
  end: 'the play is over: all faults are lifted, the drain begins',
  missed: 'a step that waits for an event was never taken; step=',
  drained: 'the drain is over: the client is shut down',
  full: 'a trace holds no more events: the case is broken off; why=',
} as const;

/** Events in which a server accepts something, and whose loss on the way back the client must survive. */
export const ACCEPTANCES: ReadonlySet<string> = new Set([
  'upload-accept',
  'lease-grant',
  'lease-checkout',
  'lease-renew',
  'lease-release',
  'lease-checkin',
]);

/** A connection attempt, seen by a listener or by an observer. */
export const ATTEMPTS: ReadonlySet<string> = new Set(['connect', 'refused', 'unanswered']);

/** Events that a case may name in `expect`, `never`, `on EVENT` and `for n EVENTs`. */
export const MATCHABLE_EVENTS: readonly string[] = [
  ...Object.keys(TRANSPORT_EVENTS).filter((event) => !['received', 'sent'].includes(event)),
  ...Object.keys(SEMANTIC_EVENTS),
  ...Object.keys(SERVER_EVENTS),
  ...Object.keys(CLIENT_EVENTS),
  ...Object.keys(HARNESS_EVENTS),
];
