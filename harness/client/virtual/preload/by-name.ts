// Connecting to a name: its addresses are asked for and tried one after the other, as Node does it (`autoSelectFamily`).
import dns from 'node:dns';
import net from 'node:net';
import timers from 'node:timers';
import { addressesOf, type Address, notFound, ownLookup } from './names.ts';

// The client may put others in their place.
const { setTimeout, clearTimeout } = timers;
const LEAST_TIMEOUT_MS = 10;

export interface NameOptions {
  readonly family?: unknown;
  readonly hints?: number;
  readonly localAddress?: string;
  readonly lookup?: net.LookupFunction;
  readonly autoSelectFamily?: boolean;
  readonly autoSelectFamilyAttemptTimeout?: number;
}

type Connecting = Pick<net.Socket, 'connecting' | 'destroy' | 'emit'> & {
  autoSelectFamilyAttemptedAddresses?: string[];
};

/** One attempt at one address. */
export interface Attempt {
  /** Breaks it off: the error with which it has failed by that. */
  giveUp(): Error;
}

/** Begins an attempt; `settled` hears how it ended. Without that its failure is the socket's. */
export type Attach = (address: string, settled?: (error?: Error) => void) => Attempt;

export function connectByName(
  socket: Connecting,
  host: string,
  port: number,
  options: NameOptions,
  attach: Attach,
): void {
  const family = familyOf(options.family);
  const lookup = ownLookup(options.lookup);
  const {
    localAddress,
    hints = family === undefined ? dns.ADDRCONFIG : 0,
    autoSelectFamily = net.getDefaultAutoSelectFamily(),
  } = options;
  const all = autoSelectFamily && family === undefined && !localAddress;
  const found = (error: Error | null, addresses: readonly Address[]): void => {
    if (error) socket.emit('lookup', error, undefined, undefined, host);
    for (const { address, family: kind } of addresses)
      socket.emit('lookup', null, address, kind, host);
    // It may have been destroyed meanwhile.
    if (!socket.connecting) return;
    const [first, ...others] = inTurns([...addresses].filter(({ address }) => net.isIP(address)));
    if (error || addresses.length === 0) socket.destroy(error ?? notFound(host));
    else if (!first) socket.destroy(invalid(addresses[0]!.address));
    else if (others.length === 0) attach(first.address);
    else tryInTurn(socket, port, [first, ...others], options, attach);
  };
  if (lookup) {
    lookup(host, { family, hints, ...(all && { all }) }, (error, answer, kind) => {
      if (error) found(error, []);
      else
        found(null, all ? (answer as Address[]) : [{ address: answer, family: kind } as Address]);
    });
    return;
  }
  const [known] = addressesOf(host, family);
  process.nextTick(() => found(known ? null : notFound(host), known ? [known] : []));
}

function tryInTurn(
  socket: Connecting,
  port: number,
  [{ address, family }, ...others]: readonly [Address, ...Address[]],
  options: NameOptions,
  attach: Attach,
  errors: readonly Error[] = [],
): void {
  const { autoSelectFamilyAttemptTimeout = net.getDefaultAutoSelectFamilyAttemptTimeout() } =
    options;
  const [next, ...rest] = others;
  const goOn = (error: Error): void => {
    clearTimeout(timer);
    const all = [...errors, error];
    if (!socket.connecting) return;
    if (next) tryInTurn(socket, port, [next, ...rest], options, attach, all);
    else socket.destroy(together(all));
  };
  const attempt = attach(address, (error) => (error ? goOn(error) : clearTimeout(timer)));
  const timer =
    next &&
    setTimeout(
      () => {
        if (!socket.connecting) return;
        socket.emit('connectionAttemptTimeout', address, port, family);
        goOn(attempt.giveUp());
      },
      Math.max(LEAST_TIMEOUT_MS, autoSelectFamilyAttemptTimeout),
    );
  socket.autoSelectFamilyAttemptedAddresses ??= [];
  socket.autoSelectFamilyAttemptedAddresses.push(`${address}:${port}`);
}

/** The families take turns; the one that was named first begins. */
function inTurns(addresses: readonly Address[]): Address[] {
  const begins = addresses[0]?.family;
  const ours = addresses.filter(({ family }) => family === begins);
  const theirs = addresses.filter(({ family }) => family !== begins);
  const rounds = Array.from({ length: addresses.length }, (_, round) => [
    ...ours.slice(round, round + 1),
    ...theirs.slice(round, round + 1),
  ]);
  return rounds.flat();
}

function familyOf(family: unknown): 4 | 6 | undefined {
  if (family === 'IPv4') return 4;
  if (family === 'IPv6') return 6;
  return family === 4 || family === 6 ? family : undefined;
}

function together(errors: readonly Error[]): Error {
  const { code } = errors[0] as NodeJS.ErrnoException;
  return Object.assign(new AggregateError(errors), { code });
}

/** What Node says to a function that gives one address where it was asked for all. */
function invalid(address: unknown): Error {
  const text = typeof address === 'string' ? address : JSON.stringify(address);
  return Object.assign(new TypeError(`Invalid IP address: ${text}`), {
    code: 'ERR_INVALID_IP_ADDRESS',
  });
}
