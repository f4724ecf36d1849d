import type { RedactedPiece, StandIns } from '../../emulator.ts';
import { encode, FrameDecoder, type Message, ProtocolError, type Sender } from '../codec/index.ts';

/** Fields in which a name may stand within a text; what runs on a computer is no name. */
const TEXTS: ReadonlySet<string> = new Set(['build', 'lease', 'leases', 'reason']);

/** One direction of the pipe: whole messages, encoded anew. What breaks the protocol cannot be read, and is not kept. */
export class PipeSide {
  readonly #decoder: FrameDecoder;
  readonly #names: StandIns;
  #held = 0;
  #isBroken = false;

  constructor(from: Sender, names: StandIns) {
    this.#decoder = new FrameDecoder(from);
    this.#names = names;
  }

  push(bytes: Uint8Array): readonly RedactedPiece[] {
    this.#held += bytes.length;
    if (this.#isBroken) return this.end();
    let decoded;
    try {
      decoded = this.#decoder.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      decoded = error.before;
      this.#isBroken = true;
    }
    const frames = decoded.map(({ message, requestId }) =>
      encoded(redacted(message, this.#names), requestId),
    );
    const standsFor = this.#held - (this.#isBroken ? 0 : this.#decoder.pendingBytes);
    this.#held -= standsFor;
    if (standsFor === 0) return [];
    const good = frames.filter((frame) => frame !== undefined);
    if (good.length < frames.length || good.length === 0) return [{ standsFor }];
    const whole = Buffer.concat(good);
    if (!this.#isBroken) return [{ bytes: whole, standsFor }];
    // How long the good messages before the wrong one were is not known any more: they count as they are now.
    const length = Math.min(whole.length, standsFor - 1);
    return [{ bytes: whole, standsFor: length }, { standsFor: standsFor - length }];
  }

  end(): readonly RedactedPiece[] {
    const standsFor = this.#held;
    this.#held = 0;
    return standsFor > 0 ? [{ standsFor }] : [];
  }
}

/** Undefined where a stand-in is too long for its field. */
function encoded(message: Message, requestId: number): Buffer | undefined {
  try {
    return encode(message, requestId);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function redacted(message: Message, names: StandIns): Message {
  const changed: Record<string, unknown> = { ...message };
  // First the names themselves, so that texts of the same message know them.
  if (message.type === 'hello') {
    changed['user'] = names.name('account', message.user);
    changed['workstation'] = names.name('workstation', message.workstation);
    changed['client'] = names.name('workstation', message.client);
  }
  for (const [field, value] of Object.entries(message)) {
    if (!TEXTS.has(field)) continue;
    changed[field] = Array.isArray(value)
      ? value.map((text) => names.text(String(text)))
      : names.text(String(value));
  }
  return changed as unknown as Message;
}
