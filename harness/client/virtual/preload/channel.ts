import fs from 'node:fs';
import type { ClientMessage, Welcome } from '../link.ts';
import type { PipeBinding, PipeHandle } from './internals.ts';

/** Exit status when the harness is gone: nobody is left to be told. */
const ORPHANED = 70;
const CHUNK_BYTES = 1 << 16;
/** How often it looks for an answer that comes soon. That takes as long as to fall asleep and to be woken. */
const LOOKS = 100;

/** The process's end of the link: says one thing and waits for the answer, without ever letting the event loop run. */
export class Channel {
  readonly fd: number;
  /** The answer is expected sooner than a process that sleeps is woken. */
  isEager = false;
  readonly #pipe: PipeHandle;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  readonly #reallyExit = process.reallyExit.bind(process);
  readonly #writeSync = fs.writeSync;
  readonly #readSync = fs.readSync;
  #unread = '';

  constructor(pipe: PipeHandle) {
    this.#pipe = pipe;
    this.fd = pipe.fd;
    pipe.setBlocking(true);
  }

  tell(message: ClientMessage): void {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    try {
      for (let sent = 0; sent < bytes.length;) sent += this.#writeSync(this.fd, bytes, sent);
    } catch {
      this.#reallyExit(ORPHANED);
    }
  }

  ask<Answer>(message: ClientMessage): Answer {
    this.tell(message);
    return JSON.parse(this.#line()) as Answer;
  }

  /** Says what virtual time cannot follow, and stands still: a run that went on would be worth nothing. */
  escape(what: string): never {
    this.tell({ escape: what });
    for (;;) this.#line();
  }

  #line(): string {
    let line = '';
    let text = this.#unread;
    let newline: number;
    while ((newline = text.indexOf('\n')) < 0) {
      line += text;
      const length = (this.isEager ? this.#look() : undefined) ?? this.#read();
      if (length === 0) this.#reallyExit(ORPHANED);
      text = this.#chunk.toString('latin1', 0, length);
    }
    this.#unread = text.slice(newline + 1);
    return line + text.slice(0, newline);
  }

  /** What has come by now, or comes very soon; undefined: nothing. */
  #look(): number | undefined {
    this.#pipe.setBlocking(false);
    try {
      for (let looks = 0; looks < LOOKS; looks++) {
        try {
          return this.#read();
        } catch {
          // Nothing yet.
        }
      }
      return undefined;
    } finally {
      this.#pipe.setBlocking(true);
    }
  }

  #read(): number {
    return this.#readSync(this.fd, this.#chunk, 0, CHUNK_BYTES, null);
  }
}

export interface Opened {
  readonly channel: Channel;
  readonly welcome: Welcome;
}

/** Connects to the harness and waits for its welcome. A blocking socket: Node itself offers only ones that need its loop. */
export function openChannel(
  { Pipe, PipeConnectWrap, constants }: PipeBinding,
  path: string,
  run: string,
): Opened {
  const pipe = new Pipe(constants['SOCKET']!);
  const request = new PipeConnectWrap();
  request.oncomplete = () => {};
  if (pipe.connect(request, path) !== 0 || pipe.fd < 0) process.reallyExit(ORPHANED);
  pipe.unref();
  keep(pipe);
  const channel = new Channel(pipe);
  const { pid, ppid, version } = process;
  return { channel, welcome: channel.ask<Welcome>({ hello: version, run, pid, ppid }) };
}

/** A handle that nobody holds is closed by the garbage collector. */
function keep(handle: object): void {
  Object.defineProperty(globalThis, Symbol('meterproof.link'), { value: handle });
}

declare global {
  namespace NodeJS {
    interface Process {
      reallyExit(code: number): never;
    }
  }
}
