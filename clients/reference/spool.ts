import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { appendDurably, renameDurably } from './durable.ts';
import type { UsageRecord } from './meter.ts';

/** A log that grows beyond this is sealed, so that no server finds it too large. */
const LOG_LIMIT_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Usage records on disk, until a server has stored them.
 *
 *     open.jsonl      takes new records
 *     sealed/<log>    waits to be uploaded; its name and content never change again
 *     refused/<log>   refused for good: kept for a person to look at
 */
export class Spool {
  readonly #open: string;
  readonly #sealed: string;
  readonly #refused: string;
  #lastNumber: number;

  constructor(dataFolder: string) {
    this.#open = join(dataFolder, 'open.jsonl');
    this.#sealed = join(dataFolder, 'sealed');
    this.#refused = join(dataFolder, 'refused');
    mkdirSync(this.#sealed, { recursive: true });
    mkdirSync(this.#refused, { recursive: true });
    this.#lastNumber = Math.max(0, ...this.logs().map((log) => Number.parseInt(log, 10)));
    this.#cutTornLine();
  }

  /** Returns when the record is durable, throws when it cannot be written. */
  append(record: UsageRecord): void {
    appendDurably(this.#open, `${JSON.stringify(record)}\n`);
    if (statSync(this.#open).size >= LOG_LIMIT_BYTES) this.seal();
  }

  /** Makes a log of what was appended since the last time. */
  seal(): void {
    if (!existsSync(this.#open) || statSync(this.#open).size === 0) return;
    // The number keeps the order, the UUID makes the name unique over clients and reinstalled clients.
    const number = String(++this.#lastNumber).padStart(8, '0');
    renameDurably(this.#open, join(this.#sealed, `${number}-${randomUUID()}.log`));
  }

  /** Names of the sealed logs, oldest first. */
  logs(): string[] {
    return readdirSync(this.#sealed)
      .filter((name) => name.endsWith('.log'))
      .toSorted();
  }

  read(log: string): Buffer {
    return readFileSync(join(this.#sealed, log));
  }

  /** To be called when a server has said that it has stored the log, and at no other time. */
  remove(log: string): void {
    rmSync(join(this.#sealed, log));
  }

  /** Puts a log aside that no server will ever take. Returns its new path. */
  setAside(log: string): string {
    const path = join(this.#refused, log);
    renameDurably(join(this.#sealed, log), path);
    return path;
  }

  /** A kill in the middle of a write leaves a last line without its end; nobody was told that it was durable. */
  #cutTornLine(): void {
    if (!existsSync(this.#open)) return;
    const bytes = readFileSync(this.#open);
    truncateSync(this.#open, bytes.lastIndexOf(NEWLINE) + 1);
  }
}
