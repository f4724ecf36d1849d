// What a case may say after `down`: the wire faults, which every dialect has. Answer faults are the dialect's own.

/** What an argument of a wire fault may be: a duration, a whole number, or one of some words. */
export type ArgumentKind = 'duration' | 'count' | readonly string[];

export interface FaultArgument {
  readonly name: string;
  readonly kind: ArgumentKind;
}

export interface WireFaultDescription {
  readonly name: string;
  /** In the order in which a case writes them. */
  readonly args: readonly FaultArgument[];
  /** A sentence for people, without the subject: `refuses connections`. */
  readonly does: string;
  readonly established: 'reset' | 'kept';
}

export const WIRE_FAULTS: readonly WireFaultDescription[] = [
  {
    name: 'refuse',
    args: [],
    does: 'refuses every connection attempt: nobody listens',
    established: 'reset',
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
  },
  {
    name: 'hang',
    args: [],
    does: 'accepts connections, reads, does nothing and answers nothing',
    established: 'kept',
  },
  {
    name: 'slow',
    args: [{ name: 'latency', kind: 'duration' }],
    does: 'sends everything that much later',
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
];

/** `slow D`, `cut N fin|rst` */
export function faultUsage({ name, args }: WireFaultDescription): string {
  return [name, ...args.map((argument) => argumentUsage(argument.kind))].join(' ');
}

export function argumentUsage(kind: ArgumentKind): string {
  if (kind === 'duration') return 'D';
  return kind === 'count' ? 'N' : kind.join('|');
}
