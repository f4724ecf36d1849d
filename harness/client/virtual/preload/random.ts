import crypto from 'node:crypto';

/** A generator of 32-bit numbers from a seed (splitmix32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** Makes all randomness of the process come from the seed, so that a run can be repeated byte by byte. */
export function installRandom(seed: number): void {
  const next = generator(seed);
  const fill = <T extends ArrayBufferView | ArrayBuffer>(
    target: T,
    offset = 0,
    size?: number,
  ): T => {
    const bytes = ArrayBuffer.isView(target)
      ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
      : new Uint8Array(target);
    const end = size === undefined ? bytes.length : offset + size;
    for (let index = offset; index < end; index++) bytes[index] = next() & 0xff;
    return target;
  };
  const randomBytes = (size: number, callback?: (error: null, bytes: Buffer) => void) => {
    const bytes = fill(Buffer.alloc(size));
    if (!callback) return bytes;
    process.nextTick(callback, null, bytes);
    return undefined;
  };
  const randomFill = (target: Buffer, ...rest: unknown[]) => {
    const callback = rest.pop() as (error: null, target: Buffer) => void;
    const [offset, size] = rest as number[];
    fill(target, offset, size);
    process.nextTick(callback, null, target);
  };
  const randomUUID = () => uuid(fill(Buffer.alloc(16)), 4);
  // Since Node 24: the time in front (RFC 9562 §5.7).
  const randomUUIDv7 = () => {
    const bytes = fill(Buffer.alloc(16));
    bytes.writeUIntBE(Date.now(), 0, 6);
    return uuid(bytes, 7);
  };
  const realKey = crypto.generateKeySync.bind(crypto);
  /** The real one knows which arguments are wrong, and how long a key is. */
  const generateKeySync = (...args: Parameters<typeof realKey>) =>
    crypto.createSecretKey(fill(Buffer.alloc(realKey(...args).symmetricKeySize!)));
  const generateKey = (
    type: 'hmac' | 'aes',
    options: { length: number },
    callback: (error: null, key: crypto.KeyObject) => void,
  ) => process.nextTick(callback, null, generateKeySync(type, options));
  const randomInt = (...args: unknown[]) => {
    const callback = typeof args.at(-1) === 'function' ? (args.pop() as Function) : undefined;
    const [min, max] = args.length > 1 ? (args as [number, number]) : [0, args[0] as number];
    const value = min + Math.floor(((next() * 0x200000 + (next() >>> 11)) / 2 ** 53) * (max - min));
    if (!callback) return value;
    process.nextTick(callback, null, value);
    return undefined;
  };
  Math.random = () => next() / 2 ** 32;
  Object.assign(crypto, { randomBytes, randomFill, randomFillSync: fill, randomUUID, randomInt });
  Object.assign(crypto, { generateKey, generateKeySync });
  if ('randomUUIDv7' in crypto) Object.assign(crypto, { randomUUIDv7 });
  for (const [name, value] of Object.entries({ getRandomValues: fill, randomUUID }))
    Object.defineProperty(crypto.webcrypto, name, { value, configurable: true, writable: true });
}

function uuid(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}
