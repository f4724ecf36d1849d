import type { Socket } from 'node:net';
import type { Nanos } from '../../clock/clock.ts';
import { type Listener, placeText } from '../../shim/transport.ts';
import type { Dialed, VirtualNetwork } from '../../shim/transport-virtual.ts';
import { HarnessError } from '../process.ts';
import { acceptedEnd } from './accepted.ts';
import type {
  ClientEvent,
  ClientMessage,
  ClientTurn,
  Escape,
  Grant,
  Hello,
  PidAnswer,
  PidQuestion,
  SocketOp,
  Welcome,
} from './link.ts';

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface LinkListener {
  joined(link: NodeLink): void;
  /** Something has come, or the link is gone. */
  stirred(): void;
  askedPid(question: PidQuestion): PidAnswer;
}

/** One process in virtual time, as the harness sees it. */
export class NodeLink {
  readonly hello: Hello;
  readonly inbox: ClientEvent[] = [];
  /** What is left to be read of it: its turns, or its escape. */
  readonly #unread: (ClientTurn | Escape)[] = [];
  readonly #sockets = new Map<number, Dialed>();
  readonly #listening = new Map<number, Promise<Listener>>();
  #lastAccepted = 0;
  readonly #socket: Socket;
  readonly #listener: LinkListener;
  #text = '';
  #gone = false;
  /** Its place among the processes of its client, from 0. */
  number = 0;
  welcomed = false;
  /** It has the word: a turn of it is awaited. */
  running = false;
  /** It stands in a synchronous child. */
  blocked = false;
  /** False: it would end by itself. */
  alive = true;
  deadline: Nanos | undefined;
  /** What it was told of its relatives: see `NodeTree`. */
  seen = 0;
  /** It spun on its clock, and is ahead of ours until then. */
  aheadUntil: Nanos = 0n;
  /** Up to there it may go by itself. */
  freeUntil: Nanos = 0n;
  children: readonly number[] = [];
  holds: readonly string[] | undefined;

  constructor(socket: Socket, hello: Hello, text: string, listener: LinkListener) {
    this.hello = hello;
    this.#socket = socket;
    this.#listener = listener;
    socket.on('data', (chunk: string) => this.#heard(chunk));
    socket.on('close', () => {
      this.#gone = true;
      listener.stirred();
    });
    if (text !== '') this.#heard(text);
  }

  /** True when the process has ended and nothing of it is left to be read. */
  get gone(): boolean {
    return this.#gone && this.#unread.length === 0;
  }

  /** True when its end of the link is closed: nothing more comes. */
  get closed(): boolean {
    return this.#gone;
  }

  get hasSpoken(): boolean {
    return this.#unread.length > 0;
  }

  take(): ClientTurn | Escape | undefined {
    return this.#unread.shift();
  }

  send(message: Grant | Welcome): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.closeSockets();
    this.#socket.destroy();
  }

  perform(ops: readonly SocketOp[], network: VirtualNetwork): void {
    for (const op of ops) {
      if (op.op === 'connect') this.#connect(op, network);
      else if (op.op === 'listen') this.#listen(op, network);
      else if (op.op === 'unlisten') this.#unlisten(op.id);
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

  /** As the system does when a process ends. */
  closeSockets(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    for (const id of this.#listening.keys()) this.#unlisten(id);
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  #connect({ id, host, port }: SocketOp & { op: 'connect' }, network: VirtualNetwork): void {
    const tell = (event: ClientEvent) => {
      if (this.#sockets.has(id)) this.inbox.push(event);
    };
    const socket = network.dial(host, port, {
      connected: () => tell({ event: 'connected', id }),
      failed: (code) => {
        tell({ event: 'failed', id, code });
        this.#sockets.delete(id);
      },
      data: (bytes) => tell({ event: 'data', id, base64: bytes.toString('base64') }),
      end: () => tell({ event: 'end', id }),
      reset: () => tell({ event: 'reset', id }),
    });
    this.#sockets.set(id, socket);
  }

  #listen({ id, host, port }: SocketOp & { op: 'listen' }, network: VirtualNetwork): void {
    if (network.isOpen(host, port))
      throw new HarnessError(
        `escaped: a second process listens on ${placeText({ address: host, port })}, which virtual time does not reach`,
      );
    const endpoint = { server: '', face: '', client: '', address: host, port };
    const listener = network.listen(endpoint, 'open', {
      attempted() {},
      accept: (wire) => {
        const accepted = --this.#lastAccepted;
        const tell = (event: ClientEvent) => {
          if (this.#sockets.has(accepted)) this.inbox.push(event);
        };
        const { socket, heard } = acceptedEnd(wire, accepted, tell);
        this.#sockets.set(accepted, socket);
        this.inbox.push({ event: 'accepted', id: accepted, listener: id });
        return heard;
      },
    });
    this.#listening.set(id, listener);
  }

  #unlisten(id: number): void {
    void this.#listening.get(id)?.then((listener) => listener.close());
    this.#listening.delete(id);
  }

  #heard(chunk: string): void {
    const lines = chunk.split('\n');
    lines[0] = this.#text + lines[0];
    this.#text = lines.pop()!;
    if (this.#text.length > MAX_MESSAGE_BYTES) return this.close();
    for (const line of lines) this.#take(JSON.parse(line) as ClientMessage);
    this.#listener.stirred();
  }

  #take(message: ClientMessage): void {
    if ('spawned' in message || 'pidOf' in message)
      this.#socket.write(`${JSON.stringify(this.#listener.askedPid(message))}\n`);
    else if ('holds' in message) this.holds = message.holds;
    else if (!('hello' in message)) this.#unread.push(message);
  }
}
