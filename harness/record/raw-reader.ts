// A raw file as it is gone through: it may end anywhere, and is taken for hostile.
import { open } from 'node:fs/promises';
import {
  HEAD_BYTES,
  KIND,
  type Kind,
  LAST_KIND,
  MAX_PAYLOAD_BYTES,
  PREAMBLE,
  type Preamble,
} from './raw-format.ts';

const READ_BYTES = 1024 * 1024;
const MAX_PREAMBLE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export interface RawRecord {
  readonly kind: Kind;
  readonly conn: number;
  /** Place in the faces of the preamble. */
  readonly face: number;
  readonly atNs: number;
  /** Valid until the next record is asked for. */
  readonly payload: Buffer;
}

/** What is no raw file; the message says why. */
export class RawFileError extends Error {
  override readonly name = 'RawFileError';
}

export interface RawPiece {
  readonly records: readonly RawRecord[];
  /** How far the file was read. */
  readonly bytesRead: number;
}

/** Throws a `RawFileError` for what is no raw file, or what the system says. */
export async function readPreamble(path: string, shown: string): Promise<Preamble> {
  return (await readStart(path, shown)).preamble;
}

/**
 * The records in their order, as many at a time as were read. A file that ends in the middle of a record is gone through up to
 * there. What is damaged ends it as well; `problem` is told where.
 */
export async function* readRaw(
  path: string,
  shown: string,
  problem: (text: string) => void,
): AsyncGenerator<RawPiece, void, undefined> {
  const { preamble, length } = await readStart(path, shown);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES + HEAD_BYTES + MAX_PAYLOAD_BYTES);
    let held = 0;
    let offset = length;
    for (;;) {
      const { bytesRead } = await file.read(buffer, held, READ_BYTES, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      const end = held + bytesRead;
      const records: RawRecord[] = [];
      let at = 0;
      let isDamaged = false;
      while (end - at >= HEAD_BYTES) {
        const size = buffer.readUInt32LE(at);
        const record = headAt(buffer, at, size);
        if (!isSound(record, size, preamble)) {
          isDamaged = true;
          break;
        }
        if (end - at < HEAD_BYTES + size) break;
        records.push(record);
        at += HEAD_BYTES + size;
      }
      yield { records, bytesRead: offset };
      if (isDamaged) {
        problem(`${shown} is damaged at byte ${offset - end + at}: what stands before is used`);
        return;
      }
      buffer.copyWithin(0, at, end);
      held = end - at;
    }
  } finally {
    await file.close();
  }
}

function headAt(buffer: Buffer, at: number, size: number): RawRecord {
  const word = buffer.readUInt32LE(at + 16);
  const from = at + HEAD_BYTES;
  return {
    kind: (word % 256) as Kind,
    face: Math.floor(word / 256),
    conn: buffer.readUInt32LE(at + 4),
    atNs: buffer.readDoubleLE(at + 8),
    payload: buffer.subarray(from, from + size),
  };
}

function isSound({ kind, face, atNs }: RawRecord, size: number, { faces }: Preamble): boolean {
  const isKnown = kind >= 1 && kind <= LAST_KIND && face < faces.length;
  const isLength = kind === KIND.receivedLength || kind === KIND.sentLength;
  const fits = isLength ? size === 4 : size <= MAX_PAYLOAD_BYTES;
  return isKnown && fits && Number.isInteger(atNs) && atNs >= 0 && atNs < 2 ** 63;
}

async function readStart(
  path: string,
  shown: string,
): Promise<{ readonly preamble: Preamble; readonly length: number }> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_PREAMBLE_BYTES);
    const { bytesRead } = await file.read(buffer, 0, MAX_PREAMBLE_BYTES, 0);
    const length = buffer.subarray(0, bytesRead).indexOf(NEWLINE) + 1;
    const preamble = PREAMBLE.safeParse(jsonOf(buffer.toString('utf8', 0, length)));
    if (preamble.success) return { preamble: preamble.data, length };
    throw new RawFileError(`${shown} is not what meterproof record leaves while it runs`);
  } finally {
    await file.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
