import { decodePayload } from './decode.ts';
import {
  BY_CODE,
  HEADER_BYTES,
  MAX_LENGTH,
  PROTOCOL_VERSION,
  type ClientMessage,
  type Message,
  type MessageType,
  type Sender,
  type ServerMessage,
} from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

/** One whole message; an answer carries the id of its request. */
export interface Decoded<M extends Message = Message> {
  readonly requestId: number;
  readonly message: M;
}

type MessageFrom<S extends Sender> = S extends 'client' ? ClientMessage : ServerMessage;

const LENGTH_BYTES = 4;
const FIRST_CAPACITY = 1024;

/**
 * Cuts a stream into messages, whatever its chunks. Holds at most one unfinished frame, and no more memory than
 * twice the bytes that have come for it. A wrong length, version, type or request id is refused as soon as its bytes are in.
 */
export class FrameDecoder<S extends Sender = Sender> {
  readonly #from: S;
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  #failure: ProtocolError | undefined;

  /** `from`: who sends what is decoded here, `client` on a server and `server` on a client. */
  constructor(from: S) {
    this.#from = from;
  }

  /** Bytes of an unfinished frame that are held; 0 between messages. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Returns the messages that are whole with this chunk. Throws a ProtocolError for what the protocol does not allow;
   * its `before` has the good messages of the same chunk. From then on every call throws it again.
   */
  push(chunk: Uint8Array): Decoded<MessageFrom<S>>[] {
    if (this.#failure) throw this.#failure;
    const decoded: Decoded<MessageFrom<S>>[] = [];
    try {
      this.#consume(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), decoded);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      error.before = decoded;
      this.#held = Buffer.alloc(0);
      this.#heldBytes = 0;
      this.#failure = error;
      throw error;
    }
    return decoded;
  }

  #consume(chunk: Buffer, decoded: Decoded<MessageFrom<S>>[]): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#heldBytes > 0) {
        rest = this.#hold(rest);
        const frame = this.#held.subarray(0, this.#heldBytes);
        const end = checkHeader(frame, this.#from);
        if (end === undefined || this.#heldBytes < end) continue;
        decoded.push(decodeFrame<S>(frame));
        this.#heldBytes = 0;
        this.#held = Buffer.alloc(0);
      } else {
        const end = checkHeader(rest, this.#from);
        if (end === undefined || rest.length < end) {
          rest = this.#hold(rest);
        } else {
          decoded.push(decodeFrame<S>(rest.subarray(0, end)));
          rest = rest.subarray(end);
        }
      }
    }
  }

  /** Copies what belongs to the unfinished frame and returns what does not. */
  #hold(chunk: Buffer): Buffer {
    // While the length is not known: no frame is shorter than its header, so these bytes cannot be the next frame's.
    const frameEnd =
      this.#heldBytes >= LENGTH_BYTES
        ? LENGTH_BYTES + this.#held.readUInt32BE(0)
        : LENGTH_BYTES + HEADER_BYTES;
    const taken = Math.min(chunk.length, Math.max(frameEnd - this.#heldBytes, 0));
    const needed = this.#heldBytes + taken;
    if (needed > this.#held.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#held.length * 2, FIRST_CAPACITY));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldBytes, 0, taken);
    this.#heldBytes = needed;
    return chunk.subarray(taken);
  }
}

/** Checks as much of the header as is there; returns where the frame ends once its length is known. */
function checkHeader(bytes: Buffer, from: Sender): number | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length < HEADER_BYTES || length > MAX_LENGTH[from])
    throw new ProtocolError(
      'bad-length',
      `${length} is not within ${HEADER_BYTES} to ${MAX_LENGTH[from]}`,
    );
  const version = bytes[4];
  if (version !== undefined && version !== PROTOCOL_VERSION)
    throw new ProtocolError('bad-version', `${version} is not ${PROTOCOL_VERSION}`);
  const code = bytes[5];
  if (code !== undefined && BY_CODE.get(code)?.description.from !== from)
    throw new ProtocolError('bad-type', `a ${from} sends no type 0x${code.toString(16)}`);
  if (
    from === 'client' &&
    bytes.length >= LENGTH_BYTES + HEADER_BYTES &&
    bytes.readUInt32BE(6) === 0
  )
    throw new ProtocolError('bad-request-id', 'a request has an id from 1');
  return LENGTH_BYTES + length;
}

function decodeFrame<S extends Sender>(frame: Buffer): Decoded<MessageFrom<S>> {
  const requestId = frame.readUInt32BE(6);
  const type: MessageType = BY_CODE.get(frame.readUInt8(5))!.type;
  try {
    const message = decodePayload(type, frame.subarray(LENGTH_BYTES + HEADER_BYTES));
    return { requestId, message: message as MessageFrom<S> };
  } catch (error) {
    if (error instanceof ProtocolError) error.requestId = requestId;
    throw error;
  }
}
