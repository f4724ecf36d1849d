// One direction of a TCP connection: segments in, bytes in their order out.

/** What comes out of a direction. */
export interface ByteStreamListener {
  /** A view, valid during the call. */
  data(bytes: Buffer): void;
  /** Bytes that are not in the capture; `length` is undefined where it cannot be known. */
  gap(why: GapReason, length?: number): void;
  fin(): void;
}

export type GapReason =
  /** Sent and acknowledged, but not captured. */
  | 'not-captured'
  /** Cut off by the snap length. */
  | 'snap-length'
  /** Too much came out of order to wait any longer. */
  | 'order-limit'
  /** The sequence numbers jump: whatever lies between cannot be told. */
  | 'sequence-jump'
  /** The capture began in the middle of the connection. */
  | 'began-before';

/** Bytes that wait for what is missing before them, over all connections. */
export interface Held {
  bytes: number;
}

interface Piece {
  readonly at: number;
  readonly length: number;
  /** Undefined: cut off by the snap length. */
  readonly bytes: Buffer | undefined;
}

/** What one piece takes besides its bytes. */
const PIECE_OVERHEAD_BYTES = 256;
/** More pieces than that would make each insertion slow. */
const MAX_PIECES = 16_384;
/** No window is larger (RFC 7323 §2.3): a number further away is of another connection, or damaged. */
const FARTHEST = 2 ** 30;

/** Positions count bytes from the first of the direction; sequence numbers are their lower 32 bits. */
export class ByteStream {
  readonly #listener: ByteStreamListener;
  readonly #held: Held;
  #sequence: number | undefined;
  #next = 0;
  #ackedTo = 0;
  #finAt: number | undefined;
  #finTold = false;
  /** In order, without overlap, all behind `#next`. */
  #pieces: Piece[] = [];

  constructor(listener: ByteStreamListener, held: Held) {
    this.#listener = listener;
    this.#held = held;
  }

  get started(): boolean {
    return this.#sequence !== undefined;
  }

  /** Something is missing before bytes that came, or that the peer has acknowledged. */
  get waits(): boolean {
    return this.#pieces.length > 0 || this.#holeEnd > this.#next;
  }

  /** What is missing was received by the peer: it will not come again. */
  get isLost(): boolean {
    const [first] = this.#pieces;
    return first ? this.#ackedTo >= first.at : this.#ackedTo >= this.#holeEnd && this.waits;
  }

  /** Bytes that have come out, or were given up. */
  get position(): number {
    return this.#next;
  }

  /** The sequence number of the next byte. */
  start(sequence: number): void {
    this.#sequence = sequence >>> 0;
  }

  /** A segment with its data; `cutBytes` more were sent behind `bytes`. */
  push(sequence: number, bytes: Buffer, cutBytes: number, isFin: boolean): void {
    const at = this.#positionOf(sequence);
    if (Math.abs(at - this.#next) > FARTHEST) {
      if (bytes.length + cutBytes > 0) this.#jump(sequence, bytes, cutBytes, isFin);
      return;
    }
    const end = at + bytes.length + cutBytes;
    if (isFin) this.#finAt ??= end;
    if (bytes.length > 0) this.#take(at, bytes.length, bytes);
    if (cutBytes > 0) this.#take(at + bytes.length, cutBytes, undefined);
    if (this.#pieces.length > MAX_PIECES) this.giveUp('order-limit');
    this.#tellFin();
  }

  /** The peer has received everything before that sequence number. */
  acked(sequence: number): void {
    const at = this.#positionOf(sequence);
    if (at - this.#next <= FARTHEST) this.#ackedTo = Math.max(this.#ackedTo, at);
  }

  /** Marks the first hole and goes on behind it. */
  giveUp(why: GapReason): void {
    const target = this.#holeEnd;
    if (target <= this.#next) return;
    this.#listener.gap(why, target - this.#next);
    this.#advance(target);
    this.#deliver();
    this.#tellFin();
  }

  /** Marks all holes. */
  flush(): void {
    while (this.waits) this.giveUp('not-captured');
  }

  /** Forgets what waits. */
  drop(): void {
    for (const piece of this.#pieces) this.#held.bytes -= takenBy(piece);
    this.#pieces = [];
    this.#ackedTo = this.#next;
    this.#finAt = undefined;
  }

  /** Where the first hole ends, as far as is known. */
  get #holeEnd(): number {
    const [first] = this.#pieces;
    if (first) return first.at;
    if (this.#finAt !== undefined) return this.#finAt;
    // One byte more may be a FIN that was not captured.
    return this.#ackedTo > this.#next + 1 ? this.#ackedTo : this.#next;
  }

  #take(at: number, length: number, bytes: Buffer | undefined): void {
    let start = Math.max(at, this.#next);
    const end = at + length;
    let index = this.#firstBehind(start);
    while (start < end) {
      const following = this.#pieces[index];
      const until = Math.min(end, following?.at ?? Infinity);
      if (until > start) {
        const part = bytes?.subarray(start - at, until - at);
        if (start === this.#next) this.#tell({ at: start, length: until - start, bytes: part });
        else this.#keep(index++, { at: start, length: until - start, bytes: part });
      }
      // Bytes that came first stay: what overlaps them is a retransmission.
      start = following ? Math.max(until, following.at + following.length) : end;
      if (following) index = this.#firstBehind(start);
    }
    this.#deliver();
  }

  /** Index of the first piece that ends behind `position`. */
  #firstBehind(position: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at, length } = this.#pieces[middle]!;
      if (at + length <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #keep(index: number, { at, length, bytes }: Piece): void {
    // Not from the pool of small buffers, which a piece would keep as a whole.
    const copy = bytes && Buffer.allocUnsafeSlow(bytes.length);
    if (copy) bytes.copy(copy);
    const piece = { at, length, bytes: copy };
    this.#pieces.splice(index, 0, piece);
    this.#held.bytes += takenBy(piece);
  }

  #deliver(): void {
    let count = 0;
    for (; this.#pieces[count]?.at === this.#next; count++) {
      const piece = this.#pieces[count]!;
      this.#held.bytes -= takenBy(piece);
      this.#tell(piece);
    }
    if (count > 0) this.#pieces.splice(0, count);
  }

  #tell({ length, bytes }: Piece): void {
    this.#advance(this.#next + length);
    if (bytes) this.#listener.data(bytes);
    else this.#listener.gap('snap-length', length);
  }

  #tellFin(): void {
    if (this.#finTold || this.#finAt === undefined || this.#next < this.#finAt) return;
    this.#finTold = true;
    this.#listener.fin();
  }

  #jump(sequence: number, bytes: Buffer, cutBytes: number, isFin: boolean): void {
    this.flush();
    this.#listener.gap('sequence-jump');
    this.#sequence = sequence >>> 0;
    this.#ackedTo = this.#next;
    this.#finAt = undefined;
    this.push(sequence, bytes, cutBytes, isFin);
  }

  #advance(to: number): void {
    this.#sequence = (this.#sequence! + (to - this.#next)) >>> 0;
    this.#next = to;
  }

  #positionOf(sequence: number): number {
    this.#sequence ??= sequence >>> 0;
    // The difference of two sequence numbers is a signed number of 32 bits (RFC 9293 §3.4).
    return this.#next + ((sequence - this.#sequence) | 0);
  }
}

function takenBy({ bytes }: Piece): number {
  return (bytes?.length ?? 0) + PIECE_OVERHEAD_BYTES;
}
