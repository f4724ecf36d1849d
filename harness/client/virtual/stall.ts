// What is said of a client that virtual time cannot follow: what holds it, and which mode does work.
import type { LaunchSpec } from '../process.ts';
import type { NodeLink } from './node-link.ts';
import { readEntry } from './processes.ts';

/** What `process.getActiveResourcesInfo()` calls a thing, and what a user does. */
const RESOURCES: Readonly<Record<string, string>> = {
  ConnectWrap: 'a connection to a unix socket',
  FSEventWrap: 'fs.watch',
  FSReqCallback: 'a file operation',
  FSReqPromise: 'a file operation',
  GetAddrInfoReqWrap: 'a name look-up',
  PipeWrap: 'a pipe or a unix socket',
  ProcessWrap: 'a child process',
  StatWatcher: 'fs.watchFile',
  TCPServerWrap: 'a listening socket',
  TTYWrap: 'a terminal',
  UDPWrap: 'a UDP socket',
  WorkerThread: 'a worker thread',
};
/** Always there in virtual time, and never what holds it. */
const HARMLESS = new Set(['Timeout', 'Immediate', 'JSStream', 'TickObject']);

type Who = Pick<LaunchSpec, 'client' | 'listens'>;

/** A server may keep real time beside a client in virtual time; a client has no such choice. */
function remedy({ listens }: Who): string {
  return listens === undefined
    ? 'run this client with --time scaled:N'
    : 'start it yourself and name it by upstream: in the profile, or use --time scaled:N';
}

export function escapedText(who: Who, what: string): string {
  return `escaped: ${who.client} uses ${what}, which virtual time does not reach: ${remedy(who)}`;
}

export function stalledText(who: Who, stallMs: number, held: string): string {
  return (
    `stalled: ${who.client} worked for ${stallMs / 1_000} s of real time without coming to rest: ${held}. ` +
    `Allow it more with --stall, or ${remedy(who)}`
  );
}

/** Asks a process that does not come to rest what holds it. `moment` waits a little. */
export async function whatHolds(link: NodeLink, moment: () => Promise<void>): Promise<string> {
  const before = readEntry(link.hello.pid);
  try {
    process.kill(link.hello.pid, 'SIGUSR2');
  } catch {
    return 'it has ended';
  }
  for (let look = 0; look < 5 && !link.holds; look++) await moment();
  const after = readEntry(link.hello.pid);
  if (!link.holds)
    return before && after && after.ticks > before.ticks
      ? 'it computes in a loop that never yields'
      : 'it stands in a call that does not return (a blocking read, or a synchronous child process)';
  const named = link.holds.filter((name) => !HARMLESS.has(name)).map(inWords);
  return named.length > 0
    ? `held by ${[...new Set(named)].join(', ')} (${link.holds.join(', ')})`
    : 'it is busy without a pause (a chain of setImmediate or of promises)';
}

function inWords(name: string): string {
  return RESOURCES[name] ?? name;
}
