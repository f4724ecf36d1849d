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
import { appendDurably, renameDurably, replaceDurably } from './durable.ts';
import { NO_BUGS, type Bugs } from './bugs.ts';
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
  readonly #bugs: Bugs;
  #lastNumber: number;
  /** Only bugs fill them. */
  readonly #unwritten: string[] = [];
  readonly #hidden = new Set<string>();

  constructor(dataFolder: string, bugs: Bugs = NO_BUGS) {
    this.#bugs = bugs;
    this.#open = join(dataFolder, 'open.jsonl');
    this.#sealed = join(dataFolder, 'sealed');
    this.#refused = join(dataFolder, 'refused');
    mkdirSync(this.#sealed, { recursive: true });
    mkdirSync(this.#refused, { recursive: true });
    this.#lastNumber = Math.max(0, ...this.logs().map((log) => Number.parseInt(log, 10)));
    if (bugs.has('log-name-used-again')) this.#lastNumber = 0;
    if (bugs.has('sealed-logs-forgotten')) for (const log of this.logs()) this.#hidden.add(log);
    if (bugs.has('spool-cleared-at-start')) rmSync(this.#open, { force: true });
    if (bugs.has('logs-renamed-at-start')) this.#renameLogs();
    if (bugs.has('ids-made-at-start')) this.#renewIds();
    if (!bugs.has('torn-line-kept')) this.#cutTornLine();
  }

  /** Returns when the record is durable, throws when it cannot be written. */
  append(record: UsageRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    if (this.#bugs.has('spool-in-memory')) {
      this.#unwritten.push(line);
      return;
    }
    appendDurably(this.#open, line);
    if (statSync(this.#open).size >= LOG_LIMIT_BYTES) this.seal();
  }

  /** How many records wait, sealed or not. */
  count(): number {
    const files = this.logs().map((log) => this.read(log));
    if (this.#hasOpen()) files.push(readFileSync(this.#open));
    return files.reduce((sum, bytes) => sum + bytes.toString('latin1').split('\n').length - 1, 0);
  }

  /** What the bug drops-the-middle does in place of dropping one end. */
  dropMiddle(): void {
    const lines = readFileSync(this.#open, 'utf8').trimEnd().split('\n');
    lines.splice(lines.length >> 1, 1);
    replaceDurably(this.#open, lines.map((line) => `${line}\n`).join(''));
  }

  /** Makes a log of what was appended since the last time. */
  seal(): void {
    for (const line of this.#unwritten.splice(0)) appendDurably(this.#open, line);
    if (!this.#hasOpen() || statSync(this.#open).size === 0) return;
    // The number keeps the order, the UUID makes the name unique over clients and reinstalled clients.
    const number = String(++this.#lastNumber).padStart(8, '0');
    let name = `${number}-${randomUUID()}.log`;
    if (this.#bugs.has('log-name-used-again')) name = `${number}.log`;
    if (this.#bugs.has('single-slot-spool')) name = this.logs()[0] ?? name;
    renameDurably(this.#open, join(this.#sealed, name));
  }

  /** Names of the sealed logs, oldest first. */
  logs(): string[] {
    return readdirSync(this.#sealed)
      .filter((name) => name.endsWith('.log') && !this.#hidden.has(name))
      .toSorted();
  }

  read(log: string): Buffer {
    return readFileSync(join(this.#sealed, log));
  }

  /** To be called when a server has said that it has stored the log, and at no other time. */
  remove(log: string): void {
    if (this.#bugs.has('sent-again-after-restart')) this.#hidden.add(log);
    else rmSync(join(this.#sealed, log));
  }

  /**
   * Puts other logs in the place of a sealed one, in that order, and keeps `aside` for a person. Lines are without their LF.
   * Returns the names of the new logs: what was offered once never changes under its name.
   */
  replace(log: string, logs: readonly (readonly string[])[], aside: readonly string[]): string[] {
    const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
    if (aside.length > 0) replaceDurably(join(this.#refused, log), text(aside));
    const [place = ''] = log.split('-');
    const names = logs.map((lines, index) => {
      const name = `${place}${String.fromCharCode(0x61 + index)}-${randomUUID()}.log`;
      replaceDurably(join(this.#sealed, name), text(lines));
      return name;
    });
    this.remove(log);
    return names;
  }

  /** Puts a log aside that no server will ever take. Returns its new path. */
  setAside(log: string): string {
    const path = join(this.#refused, log);
    renameDurably(join(this.#sealed, log), path);
    return path;
  }

  /** Something else stands in the place of the file that takes new records (Q290995). */
  get isBlocked(): boolean {
    return existsSync(this.#open) && !this.#hasOpen();
  }

  /** Something else may stand in its place. */
  #hasOpen(): boolean {
    return existsSync(this.#open) && statSync(this.#open).isFile();
  }

  #renameLogs(): void {
    for (const log of this.logs()) {
      const name = log.replace(/-.*/, `-${randomUUID()}.log`);
      renameDurably(join(this.#sealed, log), join(this.#sealed, name));
    }
  }

  #renewIds(): void {
    for (const log of this.logs())
      replaceDurably(join(this.#sealed, log), withNewIds(this.read(log)));
  }

  /** A kill in the middle of a write leaves a last line without its end; nobody was told that it was durable. */
  #cutTornLine(): void {
    if (!this.#hasOpen()) return;
    const bytes = readFileSync(this.#open);
    truncateSync(this.#open, bytes.lastIndexOf(NEWLINE) + 1);
  }
}

/** What bugs make of a log. */
export function withNewIds(log: Buffer): Buffer {
  const lines = log.toString('utf8').trimEnd().split('\n');
  const renewed = lines.map((line) => JSON.stringify({ ...JSON.parse(line), id: randomUUID() }));
  return Buffer.from(`${renewed.join('\n')}\n`);
}
