/** Bytes in the order of their arrival, taken from the front in pieces of any size. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** At most `count` bytes. */
  take(count: number): Buffer {
    const parts: Buffer[] = [];
    let left = Math.min(count, this.#length);
    this.#length -= left;
    let taken = 0;
    for (; left > 0; taken++) {
      const chunk = this.#chunks[taken]!;
      if (chunk.length > left) {
        parts.push(chunk.subarray(0, left));
        this.#chunks[taken] = chunk.subarray(left);
        break;
      }
      parts.push(chunk);
      left -= chunk.length;
    }
    this.#chunks.splice(0, taken);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }
}
