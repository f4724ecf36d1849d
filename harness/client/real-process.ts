import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { pipesOf, signalGroup, spawnGroup, sweep } from './group.ts';
import {
  MAX_OUTPUT_BYTES,
  type ClientProcess,
  type LaunchSpec,
  type ProcessListener,
  tellNotStarted,
} from './process.ts';

/** How long the output of a client that has ended may stay open, ms of real time. */
const PATIENCE_MS = 2_000;

/** A client of any language in real or scaled time, over pipes. */
export class RealProcess implements ClientProcess {
  readonly #child: ChildProcess;
  readonly #mark = randomUUID();
  readonly #listener: ProcessListener;
  #patience: NodeJS.Timeout | undefined;
  #written = 0;
  #ended = false;

  constructor({ command, env, folder }: LaunchSpec, listener: ProcessListener) {
    this.#listener = listener;
    const child = spawnGroup(command, { env: { ...env, TZ: 'UTC' }, folder }, this.#mark, 'pipe');
    this.#child = child;
    const pipes = pipesOf(child.pid);
    child.stdin!.on('error', () => {});
    child.stdout!.on('data', (chunk: Buffer) => this.#count(chunk, () => listener.stdout(chunk)));
    child.stderr!.on('data', (chunk: Buffer) => this.#count(chunk, () => listener.stderr(chunk)));
    child.on('error', (error) => {
      tellNotStarted(listener, error);
      this.#exited(null, null);
    });
    child.on('exit', () => {
      // What it left behind holds its pipes open: without this `close` might never come.
      if (child.pid !== undefined) sweep(child.pid, this.#mark, pipes);
      // Where the system does not tell who holds them.
      this.#patience = setTimeout(() => child.stdio.forEach((end) => end?.destroy()), PATIENCE_MS);
    });
    child.on('close', (code, signal) => this.#exited(code, signal));
  }

  /** Leader of its group; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(text: string): void {
    this.#child.stdin!.write(text);
  }

  endInput(): void {
    this.#child.stdin!.end();
  }

  terminate(): void {
    if (this.#child.pid !== undefined && !this.#ended) signalGroup(this.#child.pid, 'SIGTERM');
  }

  kill(): void {
    if (this.#child.pid !== undefined && !this.#ended) signalGroup(this.#child.pid, 'SIGKILL');
  }

  #count(chunk: Buffer, tell: () => void): void {
    this.#written += chunk.length;
    if (this.#written <= MAX_OUTPUT_BYTES) return tell();
    if (this.#written - chunk.length <= MAX_OUTPUT_BYTES) {
      this.#listener.broke(`it wrote more than ${MAX_OUTPUT_BYTES / 1024 / 1024} MiB of output`);
      this.kill();
    }
  }

  #exited(code: number | null, signal: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#listener.exited({ code, signal });
  }
}
