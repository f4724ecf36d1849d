// What listens in virtual time: only a server that the harness has started, and only on its port. Everything above the handle is Node's own.
import net from 'node:net';
import type { Internals, ServerInternals } from './internals.ts';
import { name, type VirtualHandle } from './socket-handle.ts';
import type { VirtualSockets } from './sockets.ts';

/** Stands for a listening socket of libuv. Node calls its methods by these names, and puts in `onconnection`. */
export interface ListenHandle {
  readonly local: { readonly address: string; readonly port: number };
  /** Both ends of what it accepts, as far as the address goes. */
  readonly accepted: { readonly remote: string; readonly local: string };
  onconnection(status: number, connection: VirtualHandle): void;
  hasRef(): boolean;
}

interface AnyServer extends net.Server {
  _handle: object | null;
  _listen2(address: string | null, port: number | null, ...rest: unknown[]): void;
}

/** Lets servers of this process listen on the port `given`; `escape` is for those that listen elsewhere. */
export function installListening(
  sockets: VirtualSockets,
  given: number,
  { uv, setUpListening, isClusterWorker }: Pick<Internals, 'uv'> & ServerInternals,
  escape: (what: string) => never,
): void {
  const prototype = net.Server.prototype as AnyServer;
  const { listen } = prototype;
  prototype.listen = function (this: AnyServer, ...args: unknown[]) {
    if (isClusterWorker()) escape('a cluster');
    return Reflect.apply(listen, this, args) as AnyServer;
  } as typeof listen;
  prototype._listen2 = function (this: AnyServer, address, port, ...rest) {
    if (this._handle || port !== given)
      escape(
        `a socket that listens elsewhere than on the port that it is given, ${given} (server.listen ${port === -1 ? address : (port ?? 'a handle')})`,
      );
    const at = address ?? '::';
    const bound = sockets.listen(at, given, (forget) => makeListenHandle(at, given, forget));
    // Node itself says what is wrong with a handle that does not listen.
    this._handle = bound || { listen: () => uv['UV_EADDRINUSE'], close() {} };
    Reflect.apply(setUpListening, this, [at, given, ...rest]);
  };
}

function acceptedBy(address: string): ListenHandle['accepted'] {
  if (address === '::') return { remote: '::ffff:127.0.0.1', local: '::ffff:127.0.0.1' };
  const local = address === '0.0.0.0' ? '127.0.0.1' : address;
  return { remote: address === '::1' ? '::1' : '127.0.0.1', local };
}

function makeListenHandle(address: string, port: number, forget: () => void): ListenHandle {
  let refd = true;
  const handle = {
    local: { address, port },
    accepted: acceptedBy(address),
    onconnection() {},
    listen: () => 0,
    close(callback?: () => void) {
      forget();
      if (callback) setImmediate(callback);
    },
    ref: () => void (refd = true),
    unref: () => void (refd = false),
    hasRef: () => refd,
    getsockname: (out: object) => name(out, address, port),
  };
  return handle;
}
