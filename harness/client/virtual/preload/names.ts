// Names as the process may know them: addresses, and this machine's own name. Nothing here may ask a real resolver.
import dns from 'node:dns';
import net from 'node:net';
import os from 'node:os';
import { promisify } from 'node:util';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

type Callback = (error: Error | null, ...values: unknown[]) => void;

const EAI_NONAME = -3008;
const RESOLVERS = (
  'resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa ' +
  'resolveSrv resolveTlsa resolveTxt reverse'
).split(' ');

/** All addresses of a name; none: it does not resolve. `family` 6 or IPv6 asks for one of these. */
export function addressesOf(host: string, family?: unknown): Address[] {
  const literal = net.isIP(host);
  if (literal !== 0) return [{ address: host, family: literal as 4 | 6 }];
  const lower = host.toLowerCase().replace(/\.$/, '');
  const isHere = /^(.+\.)?localhost$/.test(lower) || lower === os.hostname().toLowerCase();
  if (!isHere) return [];
  return family === 6 || family === 'IPv6'
    ? [{ address: '::1', family: 6 }]
    : [{ address: '127.0.0.1', family: 4 }];
}

export function notFound(hostname: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    errno: EAI_NONAME,
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname,
  });
}

const promised = {
  lookup: async (host: string, options: unknown) => {
    const found = look(host, options);
    if (found instanceof Error) throw found;
    return found;
  },
  lookupService: async (_address: string, port: number) => ({
    hostname: 'localhost',
    service: String(port),
  }),
};

const called = {
  lookup: (host: string, ...rest: unknown[]) => {
    const callback = rest.pop() as Callback;
    process.nextTick(() => {
      const found = look(host, rest[0]);
      if (found instanceof Error) callback(found);
      else if (Array.isArray(found)) callback(null, found);
      else callback(null, found.address, found.family);
    });
    return {};
  },
  lookupService: (_address: string, port: number, callback: Callback) =>
    process.nextTick(callback, null, 'localhost', String(port)),
};

/** A function of the client's own that knows names: given with the options, or put in the place of `dns.lookup`. */
export function ownLookup(given: net.LookupFunction | undefined): net.LookupFunction | undefined {
  const lookup = given ?? dns.lookup;
  return lookup === (called.lookup as unknown) ? undefined : lookup;
}

export function installNames(): void {
  // Its two values make one object, as those of Node's own do.
  for (const name of ['lookup', 'lookupService'] as const)
    Object.defineProperty(called[name], promisify.custom, { value: promised[name] });
  Object.assign(dns, called);
  Object.assign(dns.promises, promised);
  for (const name of RESOLVERS) {
    const withCallback = (host: string, ...rest: unknown[]) => {
      const callback = rest.pop() as Callback;
      const found = query(name, host, rest[0]);
      process.nextTick(callback, ...(found instanceof Error ? [found] : [null, found]));
      return {};
    };
    const withPromise = async (host: string, type: unknown) => {
      const found = query(name, host, type);
      if (found instanceof Error) throw found;
      return found;
    };
    Object.assign(dns, { [name]: withCallback });
    Object.assign(dns.Resolver.prototype, { [name]: withCallback });
    Object.assign(dns.promises, { [name]: withPromise });
    Object.assign(dns.promises.Resolver.prototype, { [name]: withPromise });
  }
}

function look(host: string, options: unknown): Address | Address[] | Error {
  const { family, all } = (
    typeof options === 'object' && options !== null ? options : { family: options }
  ) as { family?: unknown; all?: boolean };
  const found = addressesOf(host || 'localhost', family);
  if (found.length === 0) return notFound(host);
  return all ? found : found[0]!;
}

/** A question to a name server: there is none that knows anything but this machine. */
function query(name: string, host: string, type: unknown): unknown {
  const family = name === 'resolve6' || type === 'AAAA' ? 6 : 4;
  const isAddress = ['resolve', 'resolve4', 'resolve6'].includes(name) && !net.isIP(host);
  if (
    isAddress &&
    (type === undefined || typeof type === 'object' || type === 'A' || type === 'AAAA')
  ) {
    const found = addressesOf(host, family);
    if (found.length > 0) return found.map(({ address }) => address);
  }
  const syscall = name === 'reverse' ? 'getHostByAddr' : `query${queryName(name, type)}`;
  return Object.assign(new Error(`${syscall} ENOTFOUND ${host}`), {
    errno: undefined,
    code: 'ENOTFOUND',
    syscall,
    hostname: host,
  });
}

function queryName(name: string, type: unknown): string {
  if (name === 'resolve4') return 'A';
  if (name === 'resolve6') return 'Aaaa';
  const word = name === 'resolve' ? (typeof type === 'string' ? type : 'A') : name.slice(7);
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}
