import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { signalGroup, spawnGroup, sweep } from '../group.ts';
import { packageRoot } from '../package-root.ts';
import type { LaunchListener } from '../virtual/launch.ts';
import type { Job, JobEnd, JobKill } from './job.ts';

/** What Node itself keeps of ended threads is bounded by this. */
const CLIENTS_PER_HOST = 500;
/** A thread that does not end in that time stands in a call that no other thread can end. */
const KILL_MS = 500;

const idle: Host[] = [];

/** A host without a client: one that has waited, or a new one. */
export function takeHost(): Host {
  return idle.pop() ?? new Host();
}

/** A process that has room for one client at a time. Ends with the harness. */
export class Host {
  readonly #mark = randomUUID();
  readonly #child: ChildProcess;
  #listener: LaunchListener | undefined;
  #clients = 0;
  /** Set while a client that was killed has not ended. */
  #killing: NodeJS.Timeout | undefined;

  constructor() {
    const program = join(packageRoot(), 'dist/harness/client/worker/host.js');
    const env = { PATH: process.env['PATH'] ?? '', TZ: 'UTC', UV_THREADPOOL_SIZE: '1' };
    this.#child = spawnGroup([process.execPath, program], { env, folder: '/' }, this.#mark, [
      'ignore',
      'ignore',
      'ignore',
      'ipc',
    ]);
    this.#child.on('message', (end: JobEnd) => this.#ended(end));
    this.#child.on('exit', (code, signal) => this.#died(code, signal));
    this.#child.on('error', (error) => this.#listener?.failed(error));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** `exited` is called once, when nothing of the client is left. */
  run(job: Job, listener: LaunchListener): void {
    this.#listener = listener;
    this.#clients++;
    this.#child.ref();
    this.#child.channel?.ref();
    this.#child.send(job, (error) => {
      if (error) this.#child.kill('SIGKILL');
    });
  }

  /** Ends the client that runs, and only if need be the host with it. */
  kill(): void {
    if (!this.#listener || this.#killing) return;
    this.#killing = setTimeout(() => signalGroup(this.#child.pid!, 'SIGKILL'), KILL_MS);
    this.#child.send({ kill: true } satisfies JobKill, () => {});
  }

  #ended({ code, signal }: JobEnd): void {
    const died = this.#killing ? 'SIGKILL' : signal;
    clearTimeout(this.#killing);
    this.#killing = undefined;
    const listener = this.#listener;
    this.#listener = undefined;
    if (this.#clients < CLIENTS_PER_HOST) {
      // One that waits keeps nobody alive.
      this.#child.unref();
      this.#child.channel?.unref();
      idle.push(this);
    } else this.#child.disconnect();
    listener?.exited(died === undefined ? { code, signal: null } : { code: null, signal: died });
  }

  #died(code: number | null, signal: string | null): void {
    clearTimeout(this.#killing);
    const index = idle.indexOf(this);
    if (index >= 0) idle.splice(index, 1);
    if (this.#child.pid !== undefined) sweep(this.#child.pid, this.#mark);
    this.#listener?.exited({ code, signal });
    this.#listener = undefined;
  }
}
