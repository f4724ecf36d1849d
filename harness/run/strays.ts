// Attempts at places where no server of the case is: no event of a trace, which is the servers', but mostly why a case did not pass.
import { isIP } from 'node:net';
import type { ServerAddress } from '../client/configuration.ts';
import type { Network } from '../client/profile-schema.ts';
import { plainAddress } from '../shim/plain-address.ts';
import type { UpstreamAddress } from '../shim/upstream.ts';
import { placeText } from '../shim/transport.ts';
import { LOOPBACK_IPV6 } from './places.ts';

/** A client that dials everything is told of all the same. */
const MAX_PLACES = 4;
const MAX_SERVERS = 4;

interface Stray {
  /** Absent: the observer does not tell one client from another. */
  readonly client: string | undefined;
  readonly address: string;
  readonly port: number;
  attempts: number;
}

export interface StrayContext {
  readonly network: Network;
  /** Names of the clients, and where each finds its servers. */
  readonly clients: readonly string[];
  readonly places: readonly (readonly ServerAddress[])[];
  /** The real servers, by the name of the server before them. */
  readonly behind?: Readonly<Record<string, UpstreamAddress>>;
}

export class Strays {
  readonly #strays = new Map<string, Stray>();
  /** Attempts at further places. */
  #others = 0;

  add(address: string, port: number, client?: string): void {
    const key = `${client ?? ''} ${placeText({ address, port })}`;
    const known = this.#strays.get(key);
    if (known) known.attempts++;
    else if (this.#strays.size < MAX_PLACES)
      this.#strays.set(key, { client, address, port, attempts: 1 });
    else this.#others++;
  }

  /** A line for each place, with where the servers are, and a remedy; none where no attempt went astray. */
  tell(context: StrayContext): {
    readonly notes: readonly string[];
    /** Attempts that went to a real server, past us. */
    readonly bypasses: readonly string[];
  } {
    const notes: string[] = [];
    const bypasses: string[] = [];
    for (const stray of this.#strays.values()) {
      const server = serverBehind(stray, context);
      if (server === undefined) notes.push(noteOf(stray, context));
      else bypasses.push(bypassOf(stray, server, context));
    }
    if (this.#others > 0) notes.push(`and ${this.#others} attempts at other such places`);
    return { notes, bypasses };
  }
}

/** A real server that is known by its name alone is known by its port. */
function serverBehind({ address, port }: Stray, { behind = {} }: StrayContext): string | undefined {
  const isThere = ({ host, port: own }: UpstreamAddress): boolean =>
    own === port && (!isIP(host) || plainAddress(host) === plainAddress(address));
  return Object.entries(behind).find(([, upstream]) => isThere(upstream))?.[0];
}

function bypassOf(stray: Stray, server: string, context: StrayContext): string {
  const { address, port } = stray;
  return `${whoOf(stray, context)} dialled ${placeText({ address, port })}${timesOf(stray)}, the real server behind ${server}, past Meterproof: no fault meets that, and no trace shows it; where a server tells clients its own address, it must tell {server.${server}.tcp} (docs/ways-in/opaque.md)`;
}

function noteOf(stray: Stray, context: StrayContext): string {
  const { address, port } = stray;
  const { clients, places, network } = context;
  const who = whoOf(stray, context);
  const where = placesInWords(places[Math.max(0, clients.indexOf(who))] ?? [], port);
  return `${who} dialled ${address} port ${port}, which is no server of this case${timesOf(stray)}: ${where}; ${remedy(address, network)}`;
}

function whoOf({ client }: Stray, { clients }: StrayContext): string {
  return client ?? (clients.length === 1 ? clients[0]! : 'a client');
}

function timesOf({ attempts }: Stray): string {
  return attempts === 1 ? '' : `, ${attempts} times`;
}

/** Those with that port, if there are any. */
function placesInWords(servers: readonly ServerAddress[], port: number): string {
  const all = servers.flatMap(({ name, address, ports }) =>
    Object.entries(ports).map(([face, at]) => ({ face: `${name}.${face}`, address, port: at })),
  );
  const same = all.filter((one) => one.port === port);
  const meant = same.length > 0 ? same : all;
  const texts = meant.slice(0, MAX_SERVERS).map((one) => `${one.face} is at ${placeText(one)}`);
  return `${texts.join(', ')}${meant.length > MAX_SERVERS ? ' …' : ''}`;
}

function remedy(address: string, network: Network): string {
  if (address === LOOPBACK_IPV6 && network === 'ipv4')
    return 'for servers at [::1] write network: ipv6 in the profile';
  if (network === 'ipv6' && !address.includes(':'))
    return 'the profile says network: ipv6, so that they are at [::1]';
  return 'a client must use what it is given (docs/client-contract.md, section 2)';
}
