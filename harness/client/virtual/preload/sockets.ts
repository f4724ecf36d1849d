import { AsyncResource } from 'node:async_hooks';
import net from 'node:net';
import type { ClientEvent, SocketOp } from '../link.ts';
import type { Internals } from './internals.ts';
import { boundAddresses, plainAddress } from '../../../shim/plain-address.ts';
import { type Attach, connectByName, type NameOptions } from './by-name.ts';
import type { ListenHandle } from './listening.ts';
import {
  ephemeralPort,
  type HandleOptions,
  makeHandle,
  type VirtualHandle,
} from './socket-handle.ts';

type AnySocket = net.Socket & {
  _handle: (VirtualHandle & { _parent?: VirtualHandle }) | null;
  _unrefTimer(): void;
  _undestroy?(): void;
  _peername?: unknown;
  _sockname?: unknown;
  connecting: boolean;
  writable: boolean;
  [symbol: symbol]: unknown;
};

interface Open {
  readonly handle: VirtualHandle;
  /** Absent: it was accepted. */
  readonly socket: AnySocket | undefined;
  /** What its events belong to: an `AsyncLocalStorage` of the client has the store there that it had when it connected. */
  readonly context: AsyncResource;
  /** Hears whether it came about; absent: a failure is the socket's. */
  readonly settled?: ((error?: Error) => void) | undefined;
}

/** The sockets of a process in virtual time: what they do is told to the harness at the end of the turn. */
export class VirtualSockets {
  readonly #internals: Internals;
  readonly #open = new Map<number, Open>();
  readonly #listening = new Map<number, ListenHandle>();
  #ops: SocketOp[] = [];
  #lastId = 0;

  constructor(internals: Internals) {
    this.#internals = internals;
  }

  takeOps(): SocketOp[] {
    const ops = this.#ops;
    this.#ops = [];
    return ops;
  }

  keepAlive(): boolean {
    for (const { handle } of this.#open.values()) if (handle.hasRef()) return true;
    for (const listening of this.#listening.values()) if (listening.hasRef()) return true;
    return false;
  }

  deliver(event: ClientEvent): void {
    if (!('id' in event)) return;
    if (event.event === 'accepted') return this.#accept(event.id, event.listener);
    const open = this.#open.get(event.id);
    open?.context.runInAsyncScope(() => this.#tell(open, event));
  }

  #tell(open: Open, event: Exclude<ClientEvent, { event: 'accepted' }> & { id: number }): void {
    const { handle } = open;
    const { uv, connectError, readError, ownerSymbol } = this.#internals;
    const socket = open.socket ?? (handle[ownerSymbol] as AnySocket);
    if (event.event === 'connected') {
      socket.connecting = false;
      open.settled?.();
      socket._sockname = null;
      socket.emit('connect');
      socket.emit('ready');
      if (socket.readable && !socket.isPaused()) socket.read(0);
    } else if (event.event === 'failed') {
      // It was never open: there is nothing to close.
      this.#open.delete(event.id);
      const error = connectError(uv[`UV_${event.code}`]!, handle.address, handle.port);
      if (!open.settled) socket.connecting = false;
      socket.emit('connectionAttemptFailed', ...wayOf(handle), error);
      if (open.settled) open.settled(error);
      else socket.destroy(error);
    } else if (event.event === 'reset') socket.destroy(readError(uv['UV_ECONNRESET']!));
    else if (event.event === 'data') handle.receive(Buffer.from(event.base64, 'base64'));
    else handle.receive('end');
  }

  open(
    socket: AnySocket,
    address: string,
    port: number,
    settled?: (error?: Error) => void,
  ): VirtualHandle {
    const id = ++this.#lastId;
    const handle = this.#make(id, { address, port, socket });
    this.#useBuffer(socket, handle);
    this.#open.set(id, {
      handle,
      socket,
      context: new AsyncResource('TCPCONNECTWRAP'),
      settled,
    });
    // As Node does: who destroys it at once has made no attempt.
    process.nextTick(() => {
      if (!this.#open.has(id)) return;
      socket.emit('connectionAttempt', ...wayOf(handle));
      this.#ops.push({ op: 'connect', id, host: plainAddress(address), port });
    });
    return handle;
  }

  /** `make` makes what listens; false: something does already, there. */
  listen(
    address: string,
    port: number,
    make: (forget: () => void) => ListenHandle,
  ): ListenHandle | false {
    const places = boundAddresses(address);
    for (const { local } of this.#listening.values())
      if (local.port === port && boundAddresses(local.address).some((one) => places.includes(one)))
        return false;
    const id = ++this.#lastId;
    const handle = make(() => {
      if (this.#listening.delete(id)) this.#ops.push({ op: 'unlisten', id });
    });
    this.#listening.set(id, handle);
    this.#ops.push({ op: 'listen', id, host: address, port });
    return handle;
  }

  #accept(id: number, listener: number): void {
    const listening = this.#listening.get(listener);
    // It was closed while the connection was on its way.
    if (!listening) return void this.#ops.push({ op: 'close', id, reset: true });
    const { accepted, local } = listening;
    const handle = this.#make(id, {
      address: accepted.remote,
      port: ephemeralPort(id),
      local: { address: accepted.local, port: local.port },
    });
    const context = new AsyncResource('TCPSERVERWRAP');
    this.#open.set(id, { handle, socket: undefined, context });
    listening.onconnection(0, handle);
  }

  /** As Node does for the option `onread`: bytes go to a buffer of the client's. */
  #useBuffer(socket: AnySocket, handle: VirtualHandle): void {
    const { buffer, bufferMaker } = this.#internals;
    const make = socket[bufferMaker] as (() => unknown) | null | undefined;
    if (typeof make === 'function') socket[buffer] = make();
    const own = socket[buffer];
    if (own instanceof Uint8Array) handle.useUserBuffer(own);
  }

  #make(
    id: number,
    options: Pick<HandleOptions, 'address' | 'port' | 'local' | 'socket'>,
  ): VirtualHandle {
    return makeHandle({
      ...options,
      id,
      internals: this.#internals,
      tell: (op) => this.#ops.push(op),
      isOpen: () => this.#open.has(id),
      forget: () => this.#open.delete(id),
    });
  }
}

function wayOf({ address, port }: VirtualHandle): [string, number, 4 | 6] {
  return [address, port, address.includes(':') ? 6 : 4];
}

interface ConnectOptions extends NameOptions {
  readonly host?: string;
  readonly port: number | string;
  readonly path?: string;
}

/** Makes every TCP socket of the process a virtual one. Unix sockets and named pipes stay real. */
export function installSockets(sockets: VirtualSockets, internals: Internals): void {
  const { uv, connectError } = internals;
  const prototype = net.Socket.prototype as unknown as AnySocket;
  const realConnect = prototype.connect;
  const realReset = prototype.resetAndDestroy;
  const connect = function (this: AnySocket, ...args: unknown[]) {
    const [options, callback] = (
      Array.isArray(args[0]) ? args[0] : internals.normalizeConnectArgs(args)
    ) as [ConnectOptions, (() => void)?];
    if (options.path) return Reflect.apply(realConnect, this, args) as net.Socket;
    const port = checkedPort(options.port);
    if (this.destroyed) {
      this._handle = null;
      this._peername = undefined;
      this._sockname = undefined;
    }
    this._undestroy?.();
    if (callback) this.once('connect', callback);
    this.connecting = true;
    this.writable = true;
    this._unrefTimer();
    const host = options.host || 'localhost';
    const attach: Attach = (address, settled) => {
      const handle = sockets.open(this, address, port, settled);
      this._handle = handle;
      return {
        giveUp() {
          handle.close();
          return connectError(uv['UV_ETIMEDOUT']!, address, port);
        },
      };
    };
    if (net.isIP(host)) attach(host);
    else connectByName(this, host, port, options, attach);
    return this;
  };
  prototype.connect = connect as typeof realConnect;
  prototype.resetAndDestroy = function (this: AnySocket) {
    // A TLS socket has a handle of its own, which sits on ours.
    const handle = this._handle?._parent ?? this._handle;
    if (!handle || !('resetOnClose' in handle)) return realReset.call(this);
    handle.resetOnClose = true;
    return this.destroy();
  };
}

function checkedPort(port: number | string): number {
  const number = Number(port);
  if (Number.isInteger(number) && number >= 0 && number < 65_536 && port !== '') return number;
  throw Object.assign(
    new RangeError(`Port should be >= 0 and < 65536. Received type ${typeof port} (${port}).`),
    { code: 'ERR_SOCKET_BAD_PORT' },
  );
}
