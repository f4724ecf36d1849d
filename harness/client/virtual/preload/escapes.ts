// What virtual time cannot follow. Each is told at the moment at which the client turns to it: what came after would be worth nothing.
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import threads from 'node:worker_threads';
import type { Internals } from './internals.ts';

type Escape = (what: string) => never;

export function installEscapes(
  escape: Escape,
  internals: Internals,
  { readsStdin, mayListen }: { readonly readsStdin: boolean; readonly mayListen: boolean },
): void {
  const told = (what: string) => () => escape(what);
  Object.assign(threads, {
    Worker: function Worker(file: string | URL): never {
      return escape(`a worker thread (new Worker(${JSON.stringify(String(file))}))`);
    },
  });
  if (!mayListen)
    net.Server.prototype.listen = function (...args: unknown[]): never {
      return escape(`a socket that listens (server.listen ${describe(args)})`);
    };
  Object.assign(fs, { watch: told('fs.watch'), watchFile: told('fs.watchFile') });
  Object.assign(fs.promises, { watch: told('fs.promises.watch') });
  const datagrams = dgram.Socket.prototype;
  for (const method of ['bind', 'send', 'connect'] as const)
    datagrams[method] = told(`a UDP socket (dgram ${method})`);
  if (readsStdin) installStdinGuard(escape, internals);
}

const STDIN = new Set<unknown>([0, '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']);

/** Commands come over the link: whoever reads descriptor 0 itself would see an end where there is none. */
function installStdinGuard(escape: Escape, { fs: binding }: Internals): void {
  for (const name of ['read', 'readBuffers', 'readFileUtf8', 'open', 'openFileHandle']) {
    const real = binding[name] as ((...args: unknown[]) => unknown) | undefined;
    if (!real) continue;
    binding[name] = (...args: unknown[]) =>
      STDIN.has(args[0])
        ? escape('a blocking read of its standard input (descriptor 0)')
        : real.apply(binding, args);
  }
}

function describe([first]: unknown[]): string {
  if (typeof first === 'object' && first !== null && 'port' in first) return String(first.port);
  return typeof first === 'string' || typeof first === 'number' ? String(first) : '';
}
