import net from 'node:net';
import tls from 'node:tls';
import { addressesOf } from './names.ts';

/** TLS on a handle of its own would bypass the virtual sockets: give it a socket to sit on. */
export function installTls(): void {
  const realConnect = tls.connect as (...args: unknown[]) => tls.TLSSocket;
  const connect = (...args: unknown[]) => {
    const callback = args.findLast((arg) => typeof arg === 'function');
    const options: Record<string, unknown> = {};
    for (const arg of args) if (typeof arg === 'object') Object.assign(options, arg);
    if (typeof args[0] === 'number' || typeof args[0] === 'string') options['port'] = args[0];
    if (typeof args[1] === 'string') options['host'] = args[1];
    if (options['socket'] || options['path']) return realConnect(...args);
    const host = (options['host'] as string | undefined) ?? 'localhost';
    const socket = new net.Socket();
    const { lookup, family } = options as { lookup?: net.LookupFunction; family?: number };
    // Resolved here, so that the socket has its handle before TLS is put on it.
    const address = (lookup ? undefined : addressesOf(host, family)[0]?.address) ?? host;
    socket.connect({ host: address, port: Number(options['port']), ...(lookup && { lookup }) });
    const name = (options['servername'] as string | undefined) ?? host;
    const secured = realConnect(
      { ...options, host, socket, servername: net.isIP(name) ? '' : name },
      callback,
    );
    if (typeof options['timeout'] === 'number') secured.setTimeout(options['timeout']);
    return secured;
  };
  Object.assign(tls, { connect });
}
