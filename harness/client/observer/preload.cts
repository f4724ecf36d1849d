// Preloaded into an unmodified Node client (`node --require`): writes down where it connects to, and changes nothing else.
// CommonJS, because `--require` works in every version of Node that a client may run on.
const fs = require('node:fs') as typeof import('node:fs');
const net = require('node:net') as typeof import('node:net');

type Socket = import('node:net').Socket;

// Taken now: a client under test may replace its clock or its file system later.
const { openSync, writeSync, closeSync, constants } = fs;
const { isIP } = net;
const { hrtime, env } = process;

if (env['METERPROOF_OBSERVER']) observe(env['METERPROOF_OBSERVER']);

function observe(file: string): void {
  // Opened for each line: a descriptor that stays open could be closed by the client, and its number be somebody else's then.
  const append = (line: object) => {
    try {
      const descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND);
      try {
        writeSync(descriptor, `${JSON.stringify(line)}\n`);
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // The client must not notice that it is watched, and the reader notices the gap.
    }
  };
  const attempt = (addresses: readonly string[]) =>
    append({ connect: addresses, ns: String(hrtime.bigint()) });

  /** The port that a socket is being connected to by name, and the addresses that the name has turned out to have. */
  const named = new WeakMap<Socket, { port: number; found: string[] }>();

  const byName = (socket: Socket, port: number) => {
    const known = named.has(socket);
    named.set(socket, { port, found: [] });
    if (known) return;
    // Node tells the addresses of one name in a row, before it tries the first: all of them are one attempt.
    socket.on('lookup', (error: Error | null, address: string) => {
      const target = named.get(socket);
      if (error || !target || typeof address !== 'string') return;
      if (target.found.push(`${address}:${target.port}`) > 1) return;
      queueMicrotask(() => attempt(target.found));
    });
  };

  const note = (socket: Socket, args: unknown[]) => {
    const { host, port } = targetOf(args);
    if (port === undefined) return;
    if (isIP(host)) attempt([`${host}:${port}`]);
    else byName(socket, port);
  };

  // oxlint-disable-next-line typescript/unbound-method -- it is applied to the socket that it was called on
  net.Socket.prototype.connect = new Proxy(net.Socket.prototype.connect, {
    apply(connect, socket, args) {
      try {
        note(socket as Socket, args);
      } catch {
        // What makes no sense to us is for Node to refuse.
      }
      return Reflect.apply(connect, socket, args) as Socket;
    },
  });

  append({ observer: 'node', pid: process.pid });
}

/** `connect(options)`, `connect(port, host)`, or what `net.connect` has made of them; no port where it is a path. */
function targetOf(args: readonly unknown[]): { host: string; port?: number } {
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as unknown[];
  const options =
    typeof first === 'object' && first !== null ? first : { port: first, host: second };
  const { host, port, path } = options as { host?: unknown; port?: unknown; path?: unknown };
  const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  const usable = !path && Number.isInteger(number);
  return { host: typeof host === 'string' ? host : '', ...(usable && { port: number as number }) };
}
