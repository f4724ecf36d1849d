// One TCP connection as a bystander sees it, from its SYN or from the middle, to its end.
import type { Side } from '../decode.ts';
import { ByteStream, type GapReason, type Held } from './byte-stream.ts';
import type { Segment } from './tcp.ts';

/** What a bystander learns of a connection, in the order of time. */
export interface ConnectionListener {
  /** The client's SYN; what came of it follows. */
  attempt(): void;
  connect(): void;
  /** The SYN was answered by an RST. */
  refused(): void;
  /** The SYN was never answered. Told late: when nothing can come any more. */
  unanswered(): void;
  /** The capture begins in the middle of the connection. */
  middle(): void;
  data(side: Side, bytes: Buffer): void;
  gap(side: Side, why: GapReason, length?: number): void;
  /** The first FIN. */
  close(by: Side): void;
  reset(by: Side): void;
  /** Nothing more comes; the last call. */
  end(): void;
}

type State = 'new' | 'tried' | 'open' | 'over';

export class Connection {
  /** Let go at the end: what is over is remembered for its late packets, and must not hold on to more. */
  #listener: ConnectionListener | undefined;
  #streams: Readonly<Record<Side, ByteStream>> | undefined;
  #state: State = 'new';
  /** Sequence number of the SYN, where that was captured. */
  #firstSequence: number | undefined;
  #ended: Side | undefined;

  constructor(listener: ConnectionListener, held: Held) {
    this.#listener = listener;
    const stream = (side: Side): ByteStream =>
      new ByteStream(
        {
          data: (bytes) => listener.data(side, bytes),
          gap: (why, length) => listener.gap(side, why, length),
          fin: () => this.#fin(side),
        },
        held,
      );
    this.#streams = { client: stream('client'), server: stream('server') };
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** The SYN waits for its answer. */
  get isTried(): boolean {
    return this.#state === 'tried';
  }

  /** True for a SYN that begins another connection between the same ports. */
  isSucceededBy({ isSyn, isAck, sequence }: Segment): boolean {
    return isSyn && !isAck && this.#state !== 'new' && sequence !== this.#firstSequence;
  }

  segment(side: Side, segment: Segment): void {
    if (this.#state === 'over') return;
    if (segment.isSyn) this.#syn(side, segment);
    else if (segment.isRst) this.#rst(side);
    else this.#rest(side, segment);
  }

  /** Gives up on what is missing; `mayStillCome`: only on what the peer has acknowledged. */
  giveUp(why: GapReason, mayStillCome: boolean): void {
    for (const stream of Object.values(this.#streams ?? {}))
      if (!mayStillCome || stream.isLost) stream.giveUp(why);
  }

  get waits(): boolean {
    return this.#streams?.client.waits === true || this.#streams?.server.waits === true;
  }

  /** Grows with every byte that comes out. */
  get position(): number {
    if (!this.#streams) return 0;
    return this.#streams.client.position + this.#streams.server.position;
  }

  /** The capture is over, or the connection is forgotten. */
  finish(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'tried') this.#listener?.unanswered();
    this.#flush();
    // The last FIN may have come with that.
    if (!this.isOver) this.#over();
  }

  #syn(side: Side, { sequence, acknowledgement, isAck }: Segment): void {
    if (side === 'client' && !isAck) {
      if (this.#state !== 'new') return;
      this.#state = 'tried';
      this.#firstSequence = sequence;
      this.#listener?.attempt();
    } else if (side === 'server' && isAck && this.#state !== 'open') {
      const isOther =
        this.#firstSequence !== undefined && acknowledgement !== (this.#firstSequence + 1) >>> 0;
      if (!isOther) this.#open(acknowledgement, sequence + 1);
    }
  }

  #open(clientSequence: number, serverSequence: number): void {
    this.#state = 'open';
    this.#firstSequence ??= (clientSequence - 1) >>> 0;
    this.#streams?.client.start(clientSequence);
    this.#streams?.server.start(serverSequence);
    this.#listener?.connect();
  }

  #rst(side: Side): void {
    if (this.#state === 'tried') {
      if (side === 'server') this.#listener?.refused();
      else this.#listener?.unanswered();
      this.#over();
    } else if (this.#state === 'open') {
      this.#flush();
      if (this.isOver) return;
      this.#listener?.reset(side);
      this.#over();
    }
  }

  #rest(side: Side, segment: Segment): void {
    const { sequence, acknowledgement, isAck, isFin, payload, cutBytes } = segment;
    const other = side === 'client' ? 'server' : 'client';
    if (this.#state === 'tried') {
      // The answer to the SYN was not captured.
      if (!isAck) return;
      const clientSequence = this.#firstSequence! + 1;
      this.#open(clientSequence, side === 'client' ? acknowledgement : sequence);
    } else if (this.#state === 'new') {
      if (payload.length + cutBytes === 0) return;
      this.#state = 'open';
      this.#streams?.[side].start(sequence);
      if (isAck) this.#streams?.[other].start(acknowledgement);
      this.#listener?.middle();
    }
    if (isAck) this.#streams?.[other].acked(acknowledgement);
    // A bare acknowledgement tells where the sender stands; a keep-alive stands one byte behind.
    this.#streams?.[side].push(sequence, payload, cutBytes, isFin);
  }

  #fin(side: Side): void {
    if (this.isOver) return;
    if (this.#ended === undefined) {
      this.#ended = side;
      this.#listener?.close(side);
    } else if (this.#ended !== side) this.#over();
  }

  #flush(): void {
    this.#streams?.client.flush();
    this.#streams?.server.flush();
  }

  #over(): void {
    this.#state = 'over';
    this.#streams?.client.drop();
    this.#streams?.server.drop();
    this.#listener?.end();
    this.#streams = undefined;
    this.#listener = undefined;
  }
}
