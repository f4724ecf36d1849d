import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { HarnessError } from '../process.ts';
import { socketFolder } from '../temporary-folder.ts';
import { PROTOCOL_VERSION, readUps, UP, type Up } from './protocol.ts';
import type { Tree } from './tree.ts';

interface Stranger {
  readonly hello: Up;
  readonly link: Socket;
  readonly inbox: Up[];
}

/** Where the tasks of a client open their links: a unix socket in a folder of its own. */
export class Links {
  readonly #changed: () => void;
  readonly #open = new Set<Socket>();
  /** They have said hello; nobody has announced them yet. */
  readonly #strangers: Stranger[] = [];
  #folder: string | undefined;
  #server: Server | undefined;

  /** `changed` is called when a message has come or a link has closed. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /**
   * Resolves with the path of the socket: short, since the kernel takes 107 characters. `firstPid`: processes have the numbers
   * from there on as their ids, in the order of their births; absent: the real ones.
   */
  async open(firstPid?: number): Promise<string> {
    this.#folder = socketFolder();
    const path = join(this.#folder, 'link');
    if (firstPid !== undefined) writeFileSync(`${path}.pids`, Uint32Array.of(firstPid));
    const server = createServer((link) => this.#accept(link));
    this.#server = server;
    await new Promise<void>((done, fail) => {
      server.once('error', (error) =>
        fail(new HarnessError(`no link for the client: ${error.message}`)),
      );
      server.listen(path, done);
    });
    return path;
  }

  #accept(link: Socket): void {
    const inbox: Up[] = [];
    let rest: Buffer = Buffer.alloc(0);
    let known = false;
    this.#open.add(link);
    link.on('error', () => {});
    link.on('close', () => {
      this.#open.delete(link);
      this.#changed();
    });
    link.on('data', (chunk: Buffer) => {
      const read = readUps(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
      if (read === undefined) return void link.destroy();
      rest = read.rest;
      inbox.push(...read.messages);
      if (!known && inbox.length > 0) {
        known = true;
        this.#strangers.push({ hello: inbox.shift()!, link, inbox });
      }
      this.#changed();
    });
  }

  /** Gives those who were announced their place in the tree. */
  place(tree: Tree): void {
    for (const [index, { hello, link, inbox }] of [...this.#strangers.entries()].toReversed()) {
      if (hello.type !== UP.hello || hello.a !== PROTOCOL_VERSION)
        throw new HarnessError('the shim is of another version: run npm run build:native');
      if (tree.born(hello.pid, hello.tid, link, inbox)) this.#strangers.splice(index, 1);
    }
  }

  has(tid: number): boolean {
    return this.#strangers.some(({ hello }) => hello.tid === tid);
  }

  close(): void {
    for (const link of this.#open) link.destroy();
    this.#server?.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
