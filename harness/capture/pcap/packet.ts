/** One packet as the capture has it. */
export interface CapturedPacket {
  /** Nanoseconds since 1970; undefined where the format has none (simple packet blocks). */
  readonly timeNs: bigint | undefined;
  /** Link type (https://www.tcpdump.org/linktypes.html). */
  readonly link: number;
  /** A view that is valid until more of the file is read. */
  readonly bytes: Buffer;
  /** How long the packet was on the wire: more than `bytes` where the snap length cut it. */
  readonly wireLength: number;
  /** Of the packet's header in the file. */
  readonly offset: number;
}

/** Longer packets are not captured by any tool; a length beyond this is a lie. */
export const MAX_PACKET_BYTES = 262_144;

/** What a format does with the bytes at hand. */
export type Step =
  /** More bytes are needed: at least that many from `from`, or the end of the file. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'used'; readonly bytes: number; readonly packet?: CapturedPacket }
  /** Nothing that follows can be read. */
  | { readonly kind: 'stop' };

/** One capture format: reads the piece of the file that begins at `from` of `buffer` and at `offset` of the file. */
export interface Format {
  next(buffer: Buffer, from: number, offset: number, isLast: boolean): Step;
}
