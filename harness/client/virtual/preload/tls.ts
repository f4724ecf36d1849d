import net from 'node:net';
import tls from 'node:tls';
import { addressesOf, ownLookup } from './names.ts';

/** Options of a connection that say how its name is made an address. */
const NAMING = [
  'family',
  'hints',
  'localAddress',
  'lookup',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
];

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
    // Resolved here, so that the socket has its handle before TLS is put on it.
    const lookup = ownLookup(options['lookup'] as net.LookupFunction | undefined);
    const [known] = lookup ? [] : addressesOf(host, options['family']);
    const naming = NAMING.filter((name) => options[name] !== undefined);
    socket.connect({
      ...Object.fromEntries(naming.map((name) => [name, options[name]])),
      host: known?.address ?? host,
      port: Number(options['port']),
    });
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
