import type net from 'node:net';
import type { SocketOp } from '../link.ts';
import type { Internals, StreamHandle } from './internals.ts';

export interface VirtualHandle extends StreamHandle {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  resetOnClose: boolean;
  hasRef(): boolean;
  close(): void;
  /** Bytes or the end of the stream came from the other side; kept while the stream is paused. */
  receive(bytes: Buffer | 'end'): void;
}

export interface HandleOptions {
  /** Below 0 where the connection was accepted. */
  readonly id: number;
  /** Of the other end. */
  readonly address: string;
  readonly port: number;
  /** Where it was accepted. */
  readonly local?: { readonly address: string; readonly port: number };
  readonly internals: Internals;
  /** Absent: whoever takes the handle puts himself down as its owner. */
  readonly socket?: net.Socket;
  readonly tell: (op: SocketOp) => void;
  readonly isOpen: () => boolean;
  /** Takes the socket off the list; false: it was not on it. */
  readonly forget: () => boolean;
}

/** Ephemeral ports, as Linux gives them out. */
const FIRST_PORT = 32_768;
const PORTS = 28_232;

/** The port that the end of a connection has which opened it. */
export function ephemeralPort(id: number): number {
  return FIRST_PORT + (Math.abs(id) % PORTS);
}

/** A stream handle in C++ clothes whose other end is the harness. Node calls its methods by these names. */
export function makeHandle(options: HandleOptions): VirtualHandle {
  const { id, address, port, local, socket, tell, isOpen, forget } = options;
  const { JSStream, ownerSymbol, onStreamRead } = options.internals;
  let refd = true;
  let paused = true;
  const unread: (Buffer | 'end')[] = [];
  const handle = new JSStream() as VirtualHandle;
  const ownBuffer = () => {
    const owner = handle[ownerSymbol] as Record<symbol, unknown> | undefined;
    return owner?.[options.internals.buffer] as Uint8Array | null | undefined;
  };
  const drain = () => {
    while (!paused && isOpen()) {
      const next = unread.shift();
      if (next === undefined) return;
      if (next === 'end') handle.emitEOF();
      else {
        const roomBytes = ownBuffer()?.length || next.length;
        // It may pause, or give another buffer, after each.
        if (roomBytes < next.length) unread.unshift(next.subarray(roomBytes));
        handle.readBuffer(next.subarray(0, roomBytes));
      }
    }
  };
  const close = (callback?: () => void) => {
    if (forget()) tell({ op: 'close', id, reset: handle.resetOnClose });
    if (callback) setImmediate(() => callback.call(handle[ownerSymbol]));
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
      tell({ op: 'end', id });
      setImmediate(() => handle.finishShutdown(request, 0));
      return 0;
    },
    onwrite(request: object, buffers: Buffer[]) {
      tell({ op: 'data', id, base64: Buffer.concat(buffers).toString('base64') });
      setImmediate(() => handle.finishWrite(request, 0));
      return 0;
    },
    ref: () => void (refd = true),
    unref: () => void (refd = false),
    hasRef: () => refd,
    setNoDelay: () => 0,
    setKeepAlive: () => 0,
    setTypeOfService: () => 0,
    getTypeOfService: () => 0,
    getpeername: (out: object) => name(out, address, port),
    getsockname: (out: object) =>
      local
        ? name(out, local.address, local.port)
        : name(out, address.includes(':') ? '::1' : '127.0.0.1', ephemeralPort(id)),
  });
  if (socket) handle[ownerSymbol] = socket;
  return handle;
}

export function name(out: object, address: string, port: number): number {
  Object.assign(out, { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port });
  return 0;
}
