import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseBugs, type Bugs } from './bugs.ts';

/** Exit status of a client that cannot even start with what it is given. */
export const UNSUPPORTED_STATUS = 89;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Server {
  readonly name: string;
  readonly pipe: Address;
  readonly share: Address;
}

export interface Configuration {
  /** Holder of the licences, the same over restarts. */
  readonly client: string;
  readonly user: string;
  readonly workstation: string;
  readonly mode: 'online' | 'offline';
  /** At least one; the first is the assigned one. */
  readonly servers: readonly [Server, ...Server[]];
  /** On one server, the first included. */
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly pollingIntervalMs: number;
  readonly liveStatusIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  /** By how much of itself the delay before a retry is made longer by chance, 0 to 1. */
  readonly retryJitter: number;
  /** How many records may wait; absent: as many as there are. */
  readonly spoolRecords?: number;
}

export interface Start {
  readonly configuration: Configuration;
  readonly dataFolder: string;
  readonly bugs: Bugs;
}

/** The client lacks an ability that it is asked for. */
export class Unsupported extends Error {}

/** What the client was started with; an Error says what is wrong or missing. */
export function readStart(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Start {
  const { values } = parseArgs({ args: [...args], options: { bugs: { type: 'string' } } });
  const path = required(env, 'METERPROOF_CONFIG');
  return {
    configuration: readConfiguration(JSON.parse(readFileSync(path, 'utf8'))),
    dataFolder: required(env, 'METERPROOF_DATA'),
    bugs: parseBugs(values.bugs ?? ''),
  };
}

/** Checks the JSON file of the client contract, section 2. */
export function readConfiguration(json: unknown): Configuration {
  const values = object(json, 'the configuration');
  const { mode } = values;
  if (mode !== 'online' && mode !== 'offline') throw new Unsupported(`mode ${String(mode)}`);
  const [assigned, ...others] = list(values['servers'], 'servers').map(readServer);
  if (!assigned) throw new Error('servers is empty');
  return {
    client: text(values['client'], 'client'),
    user: text(values['user'], 'user'),
    workstation: text(values['workstation'], 'workstation'),
    mode,
    servers: [assigned, ...others],
    attempts: count(values['attempts'], 'attempts'),
    retryDelayMs: count(values['retryDelayMs'], 'retryDelayMs'),
    pollingIntervalMs: count(values['pollingIntervalMs'], 'pollingIntervalMs'),
    liveStatusIntervalMs: count(values['liveStatusIntervalMs'], 'liveStatusIntervalMs'),
    connectTimeoutMs: count(values['connectTimeoutMs'], 'connectTimeoutMs'),
    answerTimeoutMs: count(values['answerTimeoutMs'], 'answerTimeoutMs'),
    retryJitter: share(values['retryJitter'] ?? 0, 'retryJitter'),
    ...(values['spoolRecords'] !== undefined && {
      spoolRecords: count(values['spoolRecords'], 'spoolRecords'),
    }),
  };
}

function readServer(json: unknown): Server {
  const values = object(json, 'a server');
  return {
    name: text(values['name'], 'the name of a server'),
    pipe: address(values['pipe'], 'pipe'),
    share: address(values['share'], 'share'),
  };
}

function address(value: unknown, what: string): Address {
  const match = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text(value, what));
  const port = Number(match?.[2]);
  if (!match?.[1] || port < 1 || port > 65_535) throw new Error(`${what} is not host:port`);
  return { host: match[1], port };
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new Error(`${what} is not an object`);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is not a list`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${what} is not a text`);
  return value;
}

function share(value: unknown, what: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw new Error(`${what} is not a number from 0 to 1`);
  return value;
}

/** What setTimeout can take bounds durations, and counts do not come near it. */
function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2_147_483_647)
    throw new Error(`${what} is not a whole number from 1 to 2147483647`);
  return value;
}
