// What a case may say after `down`: the wire faults, which every dialect has. Answer faults are the dialect's own.

/** What an argument of a wire fault may be: a duration, a whole number (from 0, or from 1), or one of some words. */
export type ArgumentKind = 'duration' | 'count' | 'positive' | readonly string[];

export interface FaultArgument {
  readonly name: string;
  readonly kind: ArgumentKind;
  /** It may be left out. */
  readonly optional?: boolean;
  /** Written `name=value`, behind those that are written alone. */
  readonly named?: boolean;
}

export interface WireFaultDescription {
  readonly name: string;
  /** In the order in which a case writes them. */
  readonly args: readonly FaultArgument[];
  /** Of optional arguments at least one is needed. */
  readonly needsOne?: boolean;
  /** A sentence for people, without the subject: `refuses connections`. */
  readonly does: string;
  readonly established: 'reset' | 'kept' | 'vanished';
  /** What a connection attempt meets, where it meets no listener. */
  readonly listening?: 'refuse' | 'black-hole';
}

export const WIRE_FAULTS: readonly WireFaultDescription[] = [
  {
    name: 'refuse',
    args: [],
    does: 'refuses every connection attempt: nobody listens',
    established: 'reset',
    listening: 'refuse',
  },
  {
    name: 'reset',
    args: [],
    does: 'accepts a connection and resets it at once',
    established: 'reset',
  },
  {
    name: 'reset-after-request',
    args: [],
    does: 'reads a whole request, does nothing of it, and resets the connection',
    established: 'kept',
  },
  {
    name: 'black-hole',
    args: [],
    does: 'leaves every connection attempt without any answer',
    established: 'reset',
    listening: 'black-hole',
  },
  {
    name: 'half-open',
    args: [],
    does: 'is gone without a word: it answers nothing, and once it is back it resets what it has forgotten',
    established: 'vanished',
    listening: 'black-hole',
  },
  {
    name: 'hang',
    args: [],
    does: 'accepts connections, reads, does nothing and answers nothing',
    established: 'kept',
  },
  {
    name: 'slow',
    args: [
      { name: 'latency', kind: 'duration', optional: true },
      { name: 'rate', kind: 'positive', optional: true, named: true },
    ],
    needsOne: true,
    does: 'sends everything that much later, and no faster than that many bytes a second',
    established: 'kept',
  },
  {
    name: 'cut',
    args: [
      { name: 'bytes', kind: 'count' },
      { name: 'with', kind: ['fin', 'rst'] },
    ],
    does: 'ends a connection, with a FIN or an RST, once it has sent that many bytes on it',
    established: 'kept',
  },
  {
    name: 'lost-ack',
    args: [],
    does: 'does what it accepts, but the acknowledgement never leaves, nor does anything after it',
    established: 'kept',
  },
  {
    name: 'duplicate',
    args: [],
    does: 'sends each answer twice',
    established: 'kept',
  },
  {
    name: 'garbage',
    args: [{ name: 'at', kind: 'positive', optional: true, named: true }],
    does: 'sends flipped bits: one in every 32 bytes, or one in the Nth byte of a connection',
    established: 'kept',
  },
];

/** `slow [D] [rate=N]`, `cut N fin|rst` */
export function faultUsage({ name, args }: WireFaultDescription): string {
  return [name, ...args.map(oneArgument)].join(' ');
}

function oneArgument({ name, kind, optional, named }: FaultArgument): string {
  const text = `${named ? `${name}=` : ''}${argumentUsage(kind)}`;
  return optional ? `[${text}]` : text;
}

export function argumentUsage(kind: ArgumentKind): string {
  if (kind === 'duration') return 'D';
  return kind === 'count' || kind === 'positive' ? 'N' : kind.join('|');
}
