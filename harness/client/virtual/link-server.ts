// Where the processes of all clients in virtual time report: one unix socket a harness process.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { socketFolder } from '../temporary-folder.ts';
import type { Hello } from './link.ts';
import { type LinkListener, NodeLink } from './node-link.ts';

/** A process that says nothing sensible first is none of ours. */
const MAX_HELLO_BYTES = 4_096;

export class LinkServer {
  readonly #folder: string;
  readonly #server: Server;
  readonly #runs = new Map<string, LinkListener>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((socket) => this.#accept(socket));
    writeWrapper(this.bin);
  }

  static async open(): Promise<LinkServer> {
    const server = new LinkServer(socketFolder());
    process.on('exit', () => rmSync(server.#folder, { recursive: true, force: true }));
    await new Promise<void>((resolve, reject) => {
      server.#server.on('error', reject).listen(server.path, resolve);
    });
    // It must not keep us alive.
    server.#server.unref();
    return server;
  }

  get path(): string {
    return join(this.#folder, 'link');
  }

  /** Folder of a `node` that opens its internals, for scripts that look for `node` on the PATH. */
  get bin(): string {
    return join(this.#folder, 'bin');
  }

  /** From now on the processes of `run` are the listener's. */
  expect(run: string, listener: LinkListener): void {
    this.#runs.set(run, listener);
  }

  forget(run: string): void {
    this.#runs.delete(run);
  }

  #accept(socket: Socket): void {
    let text = '';
    socket.on('error', () => {});
    const hear = (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0 && text.length < MAX_HELLO_BYTES) return;
      socket.off('data', hear);
      const hello = parseHello(text.slice(0, Math.max(0, end)));
      const listener = hello && this.#runs.get(hello.run);
      if (listener) listener.joined(new NodeLink(socket, hello, text.slice(end + 1), listener));
      else socket.destroy();
    };
    socket.setEncoding('utf8').on('data', hear);
  }
}

let opening: Promise<LinkServer> | undefined;

/** The one of this process, opened when it is first needed. */
export function linkServer(): Promise<LinkServer> {
  return (opening ??= LinkServer.open());
}

function parseHello(line: string): Hello | undefined {
  try {
    const hello = JSON.parse(line) as Partial<Hello>;
    return typeof hello.run === 'string' && typeof hello.pid === 'number'
      ? (hello as Hello)
      : undefined;
  } catch {
    return undefined;
  }
}

/** NODE_OPTIONS refuses the flag, so scripts that start `node` find this one. */
function writeWrapper(bin: string): void {
  const script = `#!/bin/sh
PATH=\${PATH#${quote(`${bin}${delimiter}`)}}
exec node --expose-internals "$@"
`;
  mkdirSync(bin);
  writeFileSync(join(bin, 'node'), script);
  chmodSync(join(bin, 'node'), 0o755);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
