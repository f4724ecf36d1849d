// Test files shared out to a few processes: each takes the next file when it has finished one, and what a file does to its worker,
// ending it or keeping it busy for ever, is that file's failure and nobody else's.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Order, Told } from './test-worker.ts';

export interface FileResult {
  readonly file: string;
  readonly ms: number;
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that were left out, as on a machine without Python. */
  readonly skipped: readonly string[];
  /** What is wrong with the file as a whole, beyond the tests in it that failed; it is one failure. */
  readonly problem?: string;
  /** All that it printed, as TAP. */
  readonly output: string;
}

export interface PoolOptions {
  /** Processes at the same time. */
  readonly workers: number;
  /** A file that takes longer is ended. */
  readonly fileMs: number;
  /** For a worker that has nothing to do any more to end; default 10 s. */
  readonly endMs?: number;
  readonly signal?: AbortSignal;
  readonly began?: (file: string) => void;
  readonly finished?: (result: FileResult) => void;
}

/** Plays them in that order, several at a time. Once `signal` is set no process is left, and what was finished is the result. */
export async function playFiles(
  files: readonly string[],
  options: PoolOptions,
): Promise<readonly FileResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-tests-'));
  const queue = [...files];
  const results: FileResult[] = [];
  const note = (result: FileResult): void => {
    results.push(result);
    options.finished?.(result);
  };
  const lane = async (_: unknown, index: number): Promise<void> => {
    const isBroken = (): boolean => options.signal?.aborted === true;
    for (let worker: Worker | undefined; !isBroken();) {
      const file = queue.shift();
      if (file === undefined) return worker?.end(note);
      worker ??= new Worker(join(folder, `${index}-${queue.length}`), options);
      options.began?.(file);
      const result = await worker.play(file);
      if (isBroken()) return;
      note(result);
      if (worker.isOver) worker = undefined;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.workers, files.length) }, lane));
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A kill leaves this to what ends by itself, and cleans up behind itself, when its parent is gone. */
const KILL_MS = 1_000;

class Worker {
  readonly #child: ChildProcess;
  readonly #outputPath: string;
  readonly #options: PoolOptions;
  readonly #exited: Promise<string>;
  #outputRead = 0;
  #last = '';
  #failed = 0;
  #killedFor: string | undefined;
  isOver = false;

  constructor(outputPath: string, options: PoolOptions) {
    this.#outputPath = outputPath;
    this.#options = options;
    const output = openSync(outputPath, 'a');
    // A group of its own: it ends with all that it has started.
    this.#child = fork(join(import.meta.dirname, 'test-worker.ts'), {
      stdio: ['ignore', output, output, 'ipc'],
      detached: true,
    });
    closeSync(output);
    this.#exited = new Promise<string>((done) => {
      this.#child.once('error', (error) => done(`cannot be started: ${error.message}`));
      this.#child.once('exit', (code, signal) => done(signal ?? `status ${code}`));
    }).then(async (how) => {
      this.isOver = true;
      this.#killGroup();
      // What it has told may still be on its way.
      if (this.#child.connected) await once(this.#child, 'disconnect');
      process.off('exit', this.#killGroup);
      return this.#killedFor ?? how;
    });
    options.signal?.addEventListener('abort', () => this.#kill('broken off'), { once: true });
    process.on('exit', this.#killGroup);
  }

  async play(file: string): Promise<FileResult> {
    const started = performance.now();
    const counts = { passed: 0, failed: 0 };
    const skipped: string[] = [];
    let hear: (told: Told) => void = () => {};
    const finished = new Promise<undefined>((done) => {
      hear = (told) => {
        if ('finished' in told) done(undefined);
        else if (told.assert === 'skipped') skipped.push(told.name);
        else if (told.assert !== undefined) counts[told.assert]++;
      };
    });
    const { fileMs } = this.#options;
    const timer = setTimeout(() => this.#kill(`killed after ${fileMs / 1000} s`), fileMs);
    this.#child.on('message', hear);
    this.#send({ file });
    const ended = this.#exited.then((how) => `its process ended before it did: ${how}`);
    let problem = await Promise.race([finished, ended]);
    clearTimeout(timer);
    this.#child.off('message', hear);
    this.#last = file;
    this.#failed += counts.failed;
    if (problem === undefined && counts.passed + counts.failed + skipped.length === 0)
      problem = 'has not a single assertion';
    return {
      file,
      ms: performance.now() - started,
      passed: counts.passed,
      failed: counts.failed + (problem === undefined ? 0 : 1),
      skipped,
      ...(problem !== undefined && { problem }),
      output: this.#output(),
    };
  }

  /** Nothing is left to play: it has to end by itself, or a test has left something behind. */
  async end(note: (result: FileResult) => void): Promise<void> {
    const started = performance.now();
    const { endMs = 10_000 } = this.#options;
    const timer = setTimeout(() => this.#kill(`killed after ${endMs / 1000} s`), endMs);
    this.#send({});
    const how = await this.#exited;
    clearTimeout(timer);
    const expected = this.#failed > 0 ? 'status 1' : 'status 0';
    if (how === expected || this.#options.signal?.aborted === true) return;
    note({
      file: `(the end of a worker, after ${this.#last})`,
      ms: performance.now() - started,
      passed: 0,
      failed: 1,
      skipped: [],
      problem: `${how} instead of ${expected}: a test has left something behind`,
      output: this.#output(),
    });
  }

  #send(order: Order): void {
    // Where it cannot be sent the process has ended, which is heard of.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #kill(why: string): void {
    this.#killedFor = why;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#killGroup(), KILL_MS);
    void this.#exited.then(() => clearTimeout(timer));
  }

  readonly #killGroup = (): void => {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
  };

  #output(): string {
    const bytes = readFileSync(this.#outputPath).subarray(this.#outputRead);
    this.#outputRead += bytes.length;
    return bytes.toString();
  }
}
