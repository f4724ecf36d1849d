import dns from 'node:dns';
import net from 'node:net';
import tls from 'node:tls';
import type { ClientEvent, SocketOp } from '../link.ts';
import type { Internals, StreamHandle } from './internals.ts';

type AnySocket = net.Socket & {
  _handle: VirtualHandle | null;
  _unrefTimer(): void;
  _undestroy?(): void;
  _peername?: unknown;
  _sockname?: unknown;
  connecting: boolean;
  writable: boolean;
};

interface VirtualHandle extends StreamHandle {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  resetOnClose: boolean;
  hasRef(): boolean;
  receive(bytes: Buffer | 'end'): void;
}

/** The sockets of a process in virtual time: what they do is told to the harness at the end of the turn. */
export class VirtualSockets {
  readonly #internals: Internals;
  readonly #handles = new Map<number, { handle: VirtualHandle; socket: AnySocket }>();
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
    return [...this.#handles.values()].some(({ handle }) => handle.hasRef());
  }

  deliver(event: ClientEvent): void {
    if (!('id' in event)) return;
    const open = this.#handles.get(event.id);
    if (!open) return;
    const { handle, socket } = open;
    const { uv, connectError, readError } = this.#internals;
    if (event.event === 'connected') {
      socket.connecting = false;
      socket._sockname = null;
      socket.emit('connect');
      socket.emit('ready');
      if (socket.readable && !socket.isPaused()) socket.read(0);
    } else if (event.event === 'failed') {
      socket.connecting = false;
      socket.destroy(connectError(uv[`UV_${event.code}`]!, handle.address, handle.port));
    } else if (event.event === 'reset') socket.destroy(readError(uv['UV_ECONNRESET']!));
    else if (event.event === 'data') handle.receive(Buffer.from(event.base64, 'base64'));
    else handle.receive('end');
  }

  open(socket: AnySocket, address: string, port: number): VirtualHandle {
    const handle = this.#makeHandle(socket, address, port);
    this.#handles.set(handle.id, { handle, socket });
    this.#ops.push({ op: 'connect', id: handle.id, host: address, port });
    return handle;
  }

  /** A stream handle in C++ clothes whose other end is this object. Node calls its methods by these names. */
  #makeHandle(socket: AnySocket, address: string, port: number): VirtualHandle {
    const { JSStream, ownerSymbol, onStreamRead } = this.#internals;
    const id = ++this.#lastId;
    const ops = (op: SocketOp) => this.#ops.push(op);
    const isOpen = () => this.#handles.has(id);
    let refd = true;
    let paused = true;
    const unread: (Buffer | 'end')[] = [];
    const handle = new JSStream() as VirtualHandle;
    const drain = () => {
      while (!paused && isOpen()) {
        const next = unread.shift();
        if (next === undefined) return;
        if (next === 'end') handle.emitEOF();
        else handle.readBuffer(next);
      }
    };
    const close = (callback?: () => void) => {
      if (this.#handles.delete(id)) ops({ op: 'close', id, reset: handle.resetOnClose });
      if (callback) setImmediate(() => callback.call(socket));
    };
    Object.assign(handle, {
      id,
      address,
      port,
      resetOnClose: false,
      onread: onStreamRead,
      receive(bytes: Buffer | 'end') {
        unread.push(bytes);
        drain();
      },
      close,
      reset(callback?: () => void) {
        handle.resetOnClose = true;
        close(callback);
        return 0;
      },
      isClosing: () => !isOpen(),
      onreadstart() {
        paused = false;
        if (unread.length > 0) process.nextTick(drain);
        return 0;
      },
      onreadstop() {
        paused = true;
        return 0;
      },
      onshutdown(request: object) {
        ops({ op: 'end', id });
        setImmediate(() => handle.finishShutdown(request, 0));
        return 0;
      },
      onwrite(request: object, buffers: Buffer[]) {
        ops({ op: 'data', id, base64: Buffer.concat(buffers).toString('base64') });
        setImmediate(() => handle.finishWrite(request, 0));
        return 0;
      },
      ref: () => void (refd = true),
      unref: () => void (refd = false),
      hasRef: () => refd,
      setNoDelay: () => 0,
      setKeepAlive: () => 0,
      setTypeOfService: () => 0,
      getpeername: (out: object) => fillName(out, address, port),
      getsockname: (out: object) => fillName(out, '127.0.0.1', 40_000 + (id % 20_000)),
    });
    handle[ownerSymbol] = socket;
    return handle;
  }
}

function fillName(out: object, address: string, port: number): number {
  Object.assign(out, { address, port, family: 'IPv4' });
  return 0;
}

/** Makes every TCP socket of the process a virtual one. Unix sockets and named pipes stay real. */
export function installSockets(sockets: VirtualSockets, internals: Internals): void {
  const prototype = net.Socket.prototype as unknown as AnySocket;
  const realConnect = prototype.connect;
  const realReset = prototype.resetAndDestroy;
  const connect = function (this: AnySocket, ...args: unknown[]) {
    const [options, callback] = (
      Array.isArray(args[0]) ? args[0] : internals.normalizeConnectArgs(args)
    ) as [{ host?: string; port: number | string; path?: string }, (() => void)?];
    if (options.path) return Reflect.apply(realConnect, this, args) as net.Socket;
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
    const address = resolve(options.host ?? 'localhost');
    if (address === undefined) {
      process.nextTick(() => this.destroy(notFound(String(options.host))));
      return this;
    }
    this._handle = sockets.open(this, address, Number(options.port));
    return this;
  };
  prototype.connect = connect as typeof realConnect;
  prototype.resetAndDestroy = function (this: AnySocket) {
    if (!this._handle || !('resetOnClose' in this._handle)) return realReset.call(this);
    this._handle.resetOnClose = true;
    return this.destroy();
  };
  installLookup();
  installTls();
}

/** Only addresses and this machine's own name: nothing here may ask a real resolver. */
function resolve(host: string): string | undefined {
  if (net.isIPv4(host)) return host;
  return host === 'localhost' || host === '::1' ? '127.0.0.1' : undefined;
}

function notFound(hostname: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    errno: -3008,
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname,
  });
}

function installLookup(): void {
  const answer = (host: string, options: unknown) => {
    const address = resolve(host);
    if (address === undefined) throw notFound(host);
    const all = typeof options === 'object' && options !== null && 'all' in options && options.all;
    return all ? [{ address, family: 4 }] : { address, family: 4 };
  };
  const lookup = (host: string, ...rest: unknown[]) => {
    const callback = rest.pop() as (error: Error | null, ...values: unknown[]) => void;
    process.nextTick(() => {
      try {
        const found = answer(host, rest[0]);
        if (Array.isArray(found)) callback(null, found);
        else callback(null, found.address, found.family);
      } catch (error) {
        callback(error as Error);
      }
    });
  };
  Object.assign(dns, { lookup });
  Object.assign(dns.promises, {
    lookup: async (host: string, options: unknown) => answer(host, options),
  });
}

/** TLS on a handle of its own would bypass the patched socket: give it a socket to sit on. */
function installTls(): void {
  const realConnect = tls.connect as (...args: unknown[]) => tls.TLSSocket;
  const connect = (...args: unknown[]) => {
    const callback = args.findLast((arg) => typeof arg === 'function');
    const options: Record<string, unknown> = {};
    for (const arg of args) if (typeof arg === 'object') Object.assign(options, arg);
    if (typeof args[0] === 'number') options['port'] = args[0];
    if (typeof args[1] === 'string') options['host'] = args[1];
    if (options['socket'] || options['path']) return realConnect(...args);
    const host = (options['host'] as string | undefined) ?? 'localhost';
    const socket = new net.Socket();
    socket.connect({ host, port: Number(options['port']) });
    const servername = net.isIP(host) ? '' : host;
    return realConnect({ servername, ...options, socket }, callback);
  };
  Object.assign(tls, { connect });
}
