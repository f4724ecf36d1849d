import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { Dialed, VirtualNetwork } from '../../shim/transport-virtual.ts';
import { signalGroup, spawnGroup, sweep } from '../group.ts';
import {
  HarnessError,
  MAX_OUTPUT_BYTES,
  type ClientProcess,
  type Exit,
  type LaunchSpec,
  type ProcessListener,
} from '../process.ts';
import type { ClientEvent, ClientTurn, Grant, SocketOp, Welcome } from './link.ts';

const MAX_TURN_BYTES = 64 * 1024 * 1024;
const OUTPUT_CHECK_MS = 100;

export interface VirtualSurroundings {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly seed: number;
  readonly epochMs: number;
  /** What the play has moved the client's wall clock by so far, ms. */
  readonly wallOffsetMs: number;
  /** Real time that a client may work without a word before it counts as stalled. */
  readonly stallMs: number;
  /** The compiled preload. */
  readonly preload: string;
}

/** A Node program in virtual time, in lock-step with the harness: it runs only while a turn of it is awaited. */
export class VirtualNodeProcess implements ClientProcess {
  readonly #spec: LaunchSpec;
  readonly #around: VirtualSurroundings;
  readonly #listener: ProcessListener;
  readonly #mark = randomUUID();
  readonly #sockets = new Map<number, Dialed>();
  readonly #outputs: { fd: number; read: number; tell: (chunk: Buffer) => void }[] = [];
  readonly #inbox: ClientEvent[] = [];
  #child: ChildProcess | undefined;
  #exit: Exit | undefined;
  #ended = false;
  #deadline: Nanos | undefined;
  #alive = true;
  #dying = false;
  #unparsed = '';
  #turns: ClientTurn[] = [];
  #wake: (() => void) | undefined;

  constructor(spec: LaunchSpec, around: VirtualSurroundings, listener: ProcessListener) {
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
  }

  /** When it wants to go on at the latest; undefined: only when something happens to it. */
  get deadline(): Nanos | undefined {
    return this.#ended ? undefined : this.#deadline;
  }

  /** True when time must not move before it has had a turn. */
  get needsTurn(): boolean {
    if (this.#ended) return false;
    if (!this.#child || this.#dying || !this.#alive || this.#inbox.length > 0) return true;
    return this.#deadline !== undefined && this.#deadline <= this.#around.clock.now();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Lets it do what is due, until it is quiet again or has ended. */
  async turn(): Promise<void> {
    if (!this.#child) await this.#begin();
    else if (!this.#dying) this.#grant();
    const turn = await this.#next();
    if (turn && turn.exit === undefined) this.#take(turn);
    else {
      // The last message of a process holds what it wrote before it ended.
      if (turn) this.#perform(turn.ops);
      await this.#end();
    }
  }

  write(text: string): void {
    this.#inbox.push({ event: 'stdin', base64: Buffer.from(text).toString('base64') });
  }

  endInput(): void {
    this.#inbox.push({ event: 'stdin-end' });
  }

  setClock(byMs: number): void {
    this.#inbox.push({ event: 'clock', byMs });
  }

  terminate(): void {
    this.#inbox.push({ event: 'signal', signal: 'SIGTERM' });
  }

  kill(): void {
    if (this.#ended) return;
    this.#dying = true;
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    this.#closeSockets();
  }

  async #begin(): Promise<void> {
    const { command, env, folder, run } = this.#spec;
    const { preload } = this.#around;
    const files = ['out', 'err'].map((name) => openSync(join(folder, `${name}-${run}.log`), 'a+'));
    this.#outputs.push(
      { fd: files[0]!, read: 0, tell: (chunk) => this.#listener.stdout(chunk) },
      { fd: files[1]!, read: 0, tell: (chunk) => this.#listener.stderr(chunk) },
    );
    const virtual = ['--expose-internals', '--import', pathToFileURL(preload).href];
    const child = spawnGroup(
      [command[0]!, ...virtual, ...command.slice(1)],
      { env: { ...env, METERPROOF_VIRTUAL: '1', UV_THREADPOOL_SIZE: '1', TZ: 'UTC' }, folder },
      this.#mark,
      ['ignore', files[0], files[1], 'pipe', 'pipe'],
    );
    this.#child = child;
    const [, , , down, up] = child.stdio as unknown as [null, null, null, Writable, Readable];
    down.on('error', () => {});
    up.setEncoding('utf8').on('data', (text: string) => this.#heard(text));
    child.on('error', (error) => {
      this.#listener.broke(`it could not be started: ${error.message}`);
      this.#exited({ code: null, signal: null });
    });
    child.on('exit', (code, signal) => this.#exited({ code, signal }));
    const hello = await this.#next();
    if (hello) this.#send(this.#welcome());
  }

  #welcome(): Welcome {
    const { clock, seed, epochMs, wallOffsetMs } = this.#around;
    const { client, run } = this.#spec;
    return {
      epochMs,
      wallOffsetMs,
      nowMs: Number(clock.now() / MILLISECOND),
      seed: hash(`${seed} ${client} ${run}`),
    };
  }

  #grant(): void {
    const exit = !this.#alive && this.#inbox.length === 0;
    this.#send({
      nowMs: Number(this.#around.clock.now() / MILLISECOND),
      events: this.#inbox.splice(0),
      ...(exit && { exit }),
    });
  }

  #send(message: Grant | Welcome): void {
    const down = this.#child!.stdio[3] as Writable;
    if (!down.destroyed) down.write(`${JSON.stringify(message)}\n`);
  }

  #take({ ops, nextMs, alive }: ClientTurn): void {
    this.#perform(ops);
    this.#deadline = nextMs === null ? undefined : BigInt(Math.ceil(nextMs)) * MILLISECOND;
    this.#alive = alive;
    this.#readOutputs();
  }

  #perform(ops: readonly SocketOp[]): void {
    for (const op of ops) {
      if (op.op === 'connect') this.#connect(op.id, op.host, op.port);
      const socket = this.#sockets.get(op.id);
      if (op.op === 'data') socket?.write(Buffer.from(op.base64, 'base64'));
      else if (op.op === 'end') socket?.end();
      else if (op.op === 'close') {
        if (op.reset) socket?.reset();
        else socket?.close();
        this.#sockets.delete(op.id);
      }
    }
  }

  #connect(id: number, host: string, port: number): void {
    const tell = (event: ClientEvent) => {
      if (this.#sockets.has(id)) this.#inbox.push(event);
    };
    const socket = this.#around.network.dial(host, port, {
      connected: () => tell({ event: 'connected', id }),
      failed: (code) => tell({ event: 'failed', id, code }),
      data: (bytes) => tell({ event: 'data', id, base64: bytes.toString('base64') }),
      end: () => tell({ event: 'end', id }),
      reset: () => tell({ event: 'reset', id }),
    });
    this.#sockets.set(id, socket);
  }

  #heard(text: string): void {
    this.#unparsed += text;
    if (this.#unparsed.length > MAX_TURN_BYTES) return this.kill();
    for (let end = this.#unparsed.indexOf('\n'); end >= 0; end = this.#unparsed.indexOf('\n')) {
      this.#turns.push(JSON.parse(this.#unparsed.slice(0, end)) as ClientTurn);
      this.#unparsed = this.#unparsed.slice(end + 1);
    }
    this.#wake?.();
  }

  #exited(exit: Exit): void {
    this.#exit ??= exit;
    this.#wake?.();
  }

  /** The next message, or undefined when the process has ended without one. */
  async #next(): Promise<ClientTurn | undefined> {
    const started = performance.now();
    while (this.#turns.length === 0 && !this.#exit) {
      await this.#wakeOr(OUTPUT_CHECK_MS);
      this.#checkFlood();
      if (performance.now() - started > this.#around.stallMs && !this.#dying) {
        this.kill();
        const seconds = this.#around.stallMs / 1_000;
        throw new HarnessError(
          `stalled: the client worked for ${seconds} s of real time without coming to rest ` +
            '(a busy loop, a listening socket or a worker thread keeps it from waiting)',
        );
      }
    }
    return this.#dying ? undefined : this.#turns.shift();
  }

  async #wakeOr(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }

  #checkFlood(): void {
    const written = this.#outputs.reduce((sum, { fd }) => sum + fstatSync(fd).size, 0);
    if (written <= MAX_OUTPUT_BYTES || this.#dying) return;
    this.#listener.broke(`it wrote more than ${MAX_OUTPUT_BYTES / 1024 / 1024} MiB of output`);
    this.kill();
  }

  #readOutputs(): void {
    this.#checkFlood();
    for (const output of this.#outputs) {
      const size = Math.min(fstatSync(output.fd).size, MAX_OUTPUT_BYTES);
      if (size <= output.read) continue;
      const chunk = Buffer.alloc(size - output.read);
      readSync(output.fd, chunk, 0, chunk.length, output.read);
      output.read = size;
      output.tell(chunk);
    }
  }

  #closeSockets(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  async #end(): Promise<void> {
    while (!this.#exit) await this.#wakeOr(OUTPUT_CHECK_MS);
    if (this.#child?.pid !== undefined) sweep(this.#child.pid, this.#mark);
    this.#readOutputs();
    for (const { fd } of this.#outputs.splice(0)) closeSync(fd);
    this.#closeSockets();
    this.#ended = true;
    this.#listener.exited(this.#exit);
  }
}

/** FNV-1a: another seed for each client and each of its processes, so that ids do not repeat. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
