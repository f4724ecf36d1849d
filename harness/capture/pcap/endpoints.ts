// Which addresses are servers, of what name, and which face is on which port.
import { isIPv4, isIPv6 } from 'node:net';
import type { FaceDescription } from '../../../emulators/emulator.ts';
import { canonicalIpv6, endpointText } from './address.ts';

/** `alpha=10.0.0.1:7230/pipe` */
export interface ServerSpec {
  readonly server: string;
  readonly address: string;
  readonly port: number;
  readonly face: string;
}

export interface ServerFace {
  readonly server: string;
  readonly face: string;
}

const SPEC = /^([a-z][a-z0-9-]{0,31})=(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})\/([a-z][a-z0-9-]*)$/;
const SERVER_NAME = /^[a-z][a-z0-9-]{0,31}$/;
/** What servers are called in examples; who has no name of its own gets the next of these. */
const NAMES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel'];

/** Returns what is wrong as text. */
export function parseServerSpec(
  text: string,
  faces: readonly FaceDescription[],
): ServerSpec | string {
  const known = faces.map(({ name }) => name);
  const [, server = '', ipv6, ipv4 = '', port = '', face = ''] = SPEC.exec(text) ?? [];
  if (server === '')
    return `"${text}" is not like alpha=10.0.0.1:7230/pipe; an IPv6 address stands in brackets`;
  const address = ipv6 !== undefined && isIPv6(ipv6) ? canonicalIpv6(ipv6) : ipv4;
  if (!isIPv4(address) && !isIPv6(address))
    return `"${ipv6 ?? ipv4}" in "${text}" is no IP address: a capture has addresses, not names`;
  if (Number(port) < 1 || Number(port) > 65_535) return `"${port}" in "${text}" is no port`;
  if (!known.includes(face))
    return `"${face}" in "${text}" is no face; there are ${known.join(', ')}`;
  return { server, address, port: Number(port), face };
}

/** The servers of a capture: those that were told, or, when none was, whoever has the port of a face. */
export class Endpoints {
  readonly #told = new Map<string, ServerFace>();
  readonly #faces = new Map<number, string>();
  /** Names of the capture itself, by address. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #given = new Map<string, string>();
  readonly #assumed = new Map<string, ServerFace>();

  constructor(
    specs: readonly ServerSpec[],
    faces: readonly FaceDescription[],
    names: ReadonlyMap<string, string>,
  ) {
    for (const { server, face, address, port } of specs)
      this.#told.set(endpointText(address, port), { server, face });
    if (specs.length === 0) for (const { name, port } of faces) this.#faces.set(port, name);
    this.#names = names;
  }

  isServer(address: string, port: number): boolean {
    if (this.#faces.size > 0) return this.#faces.has(port);
    return this.#told.has(endpointText(address, port));
  }

  /** Of an endpoint that is one of a server. */
  at(address: string, port: number): ServerFace {
    const key = endpointText(address, port);
    const known = this.#told.get(key) ?? this.#assumed.get(key);
    if (known) return known;
    const assumed = { server: this.#nameOf(address), face: this.#faces.get(port)! };
    this.#assumed.set(key, assumed);
    return assumed;
  }

  /** `alpha=10.0.0.1:7230/pipe`, for what was not told but taken from the port. */
  assumed(): readonly string[] {
    return [...this.#assumed].map(([key, { server, face }]) => `${server}=${key}/${face}`);
  }

  #nameOf(address: string): string {
    const given = this.#given.get(address);
    if (given !== undefined) return given;
    const own = this.#names.get(address) ?? '';
    const taken = new Set(this.#given.values());
    const free = NAMES.find((name) => !taken.has(name)) ?? `server-${this.#given.size + 1}`;
    const name = SERVER_NAME.test(own) && !taken.has(own) ? own : free;
    this.#given.set(address, name);
    return name;
  }
}
