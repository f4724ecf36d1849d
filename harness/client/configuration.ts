// What a client is told when it starts: environment, JSON file, LICMTR.CFG and templates (docs/client-contract.md, section 2).
import type { ClientPlan } from '../case/plan.ts';
import { MILLISECOND, SECOND, type Nanos } from '../clock/clock.ts';
import { formatDuration } from '../clock/duration.ts';
import { placeText } from '../shim/transport.ts';

/** Where one client reaches one server: an address, and a port for each face. */
export interface ServerAddress {
  readonly name: string;
  readonly address: string;
  /** `{ pipe: 5480, share: 8480 }` */
  readonly ports: Readonly<Record<string, number>>;
}

export interface ConfigurationInput {
  readonly client: ClientPlan;
  /** The nth client of the case, from 1: its user is `user<n>`. */
  readonly number: number;
  /** The assigned one first. */
  readonly servers: readonly ServerAddress[];
  /** Scaled time: durations are divided by it; 1 otherwise. */
  readonly divisor: number;
  /** The client takes its durations from LICMTR.CFG, in whole seconds: none may fall below 1 s. */
  readonly usesCfg: boolean;
  /** `ca`: certificate of the authority that has signed for the servers, where TLS is terminated. */
  readonly paths: {
    readonly config: string;
    readonly cfg: string;
    readonly data: string;
    readonly ca?: string;
  };
}

export interface ClientConfiguration {
  /** The variables of the contract, which start with `METERPROOF_`, and those by which common programs find an authority. */
  readonly env: Readonly<Record<string, string>>;
  /** Text of the JSON file. */
  readonly json: string;
  /** Text of `LICMTR.CFG`, ASCII, CR LF. */
  readonly cfg: string;
  /** Values for `expandTemplate`. */
  readonly templates: ReadonlyMap<string, string>;
}

/** The client cannot be configured for that time mode. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
  /** The largest divisor that works; absent when none does. */
  readonly largestDivisor?: number;
  constructor(message: string, largestDivisor?: number) {
    super(message);
    if (largestDivisor !== undefined) this.largestDivisor = largestDivisor;
  }
}

/** What a timer of most languages takes. */
const MAX_DURATION_MS = 2_147_483_647;

/** The durations under the names of the JSON file. */
const DURATIONS = [
  ['retryDelayMs', 'retryDelayNs', 'RETRY_DELAY_MS'],
  ['pollingIntervalMs', 'pollingIntervalNs', 'POLLING_INTERVAL_MS'],
  ['liveStatusIntervalMs', 'liveStatusIntervalNs', 'LIVE_STATUS_INTERVAL_MS'],
  ['connectTimeoutMs', 'connectTimeoutNs', 'CONNECT_TIMEOUT_MS'],
  ['answerTimeoutMs', 'answerTimeoutNs', 'ANSWER_TIMEOUT_MS'],
] as const;

/** What only a client with the ability for it is told. */
const OPTIONAL = [
  ['retryJitter', 'RETRY_JITTER'],
  ['spoolRecords', 'SPOOL_RECORDS'],
] as const;

/** Throws a ConfigurationError where a duration does not fit. */
export function configureClient(input: ConfigurationInput): ClientConfiguration {
  checkDivisor(input);
  const { client, servers, paths, number } = input;
  const durations = DURATIONS.map(([key, from, variable]) => {
    const ms = Number(divideUp(client[from], MILLISECOND * BigInt(input.divisor)));
    if (ms > MAX_DURATION_MS)
      throw new ConfigurationError(
        `${key} of ${client.name} would be ${formatDuration(client[from])}; a client is told at most ${MAX_DURATION_MS} ms`,
      );
    return { key, ms, variable };
  });
  const optional = OPTIONAL.flatMap(([key, variable]) => {
    const value = client[key];
    return value === undefined ? [] : { key, variable, value };
  });
  const person = {
    client: client.name,
    user: `user${number}`,
    workstation: client.name.toUpperCase(),
    mode: client.mode,
  };
  const names = servers.map(({ name }) => name).join(',');
  const faces = servers.flatMap(({ name, address, ports }) =>
    Object.entries(ports).map(([face, port]) => ({ name, face, address, port })),
  );
  const single: readonly (readonly [template: string, variable: string, value: string])[] = [
    ['config', 'CONFIG', paths.config],
    ['cfg', 'CFG', paths.cfg],
    ['data', 'DATA', paths.data],
    ...(paths.ca === undefined ? [] : [['ca', 'CA', paths.ca] as const]),
    ['client', 'CLIENT', person.client],
    ['user', 'USER', person.user],
    ['workstation', 'WORKSTATION', person.workstation],
    ['mode', 'MODE', person.mode],
    ['servers', 'SERVERS', names],
    ...faces.map(
      ({ name, face, ...place }) =>
        [
          `server.${name}.${face}`,
          `SERVER_${inCapitals(name)}_${inCapitals(face)}`,
          placeText(place),
        ] as const,
    ),
    ['attempts', 'ATTEMPTS', String(client.attempts)],
    ...durations.map(({ key, ms, variable }) => [key, variable, String(ms)] as const),
  ];
  const json = {
    ...person,
    servers: servers.map(({ name }) => ({
      name,
      ...Object.fromEntries(
        faces
          .filter((face) => face.name === name)
          .map(({ face, ...place }) => [face, placeText(place)]),
      ),
    })),
    attempts: client.attempts,
    ...Object.fromEntries(durations.map(({ key, ms }) => [key, ms])),
    ...Object.fromEntries(optional.map(({ key, value }) => [key, value])),
  };
  return {
    env: {
      ...Object.fromEntries(single.map(([, variable, value]) => [`METERPROOF_${variable}`, value])),
      ...Object.fromEntries(
        optional.map(({ variable, value }) => [`METERPROOF_${variable}`, String(value)]),
      ),
      ...(paths.ca !== undefined && { NODE_EXTRA_CA_CERTS: paths.ca, SSL_CERT_FILE: paths.ca }),
    },
    json: `${JSON.stringify(json, null, 2)}\n`,
    cfg: cfgText(input, person),
    templates: new Map([
      ...single.map(([template, , value]) => [template, value] as const),
      ...placeTemplates(servers),
    ]),
  };
}

/** `server.alpha.tcp`, and `.host` and `.port` of it: most programs take them apart. */
export function placeTemplates(
  servers: readonly ServerAddress[],
): readonly (readonly [template: string, value: string])[] {
  return servers.flatMap(({ name, address, ports }) =>
    Object.entries(ports).flatMap(([face, port]) => {
      const server = `server.${name}.${face}`;
      return [
        [server, placeText({ address, port })] as const,
        [`${server}.host`, address] as const,
        [`${server}.port`, String(port)] as const,
      ];
    }),
  );
}

/** The keys of the field, Q199747, and those that it lacks. */
function cfgText(
  { client, servers, divisor }: ConfigurationInput,
  person: { client: string; user: string; workstation: string },
): string {
  const seconds = (duration: Nanos): string => String(divideUp(duration, SECOND * BigInt(divisor)));
  const lines = [
    '[LicMtr]',
    `Client=${person.client}`,
    `User=${person.user}`,
    `Workstation=${person.workstation}`,
    `ContinuousOffline=${client.mode === 'offline' ? 1 : 0}`,
    `GoOnLineInt=${seconds(client.retryDelayNs)}`,
    `TriesBeforeOffline=${client.attempts}`,
    `PollingInterval=${seconds(client.pollingIntervalNs)}`,
    `LiveStatusInterval=${seconds(client.liveStatusIntervalNs)}`,
    `ConnectTimeout=${seconds(client.connectTimeoutNs)}`,
    `AnswerTimeout=${seconds(client.answerTimeoutNs)}`,
    `LicenseServers=${servers.map(({ name }) => name).join(',')}`,
  ];
  for (const { name, address, ports } of servers) {
    lines.push('', `[${name}]`, `UncDbPath=\\\\${name}\\LicMtr`, `Address=${address}`);
    for (const [face, port] of Object.entries(ports))
      lines.push(`${face[0]!.toUpperCase()}${face.slice(1)}Port=${port}`);
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

/** A duration that is rounded to its unit must not become another duration: the smallest one sets the bound. */
function checkDivisor({ client, divisor, usesCfg }: ConfigurationInput): void {
  if (divisor === 1) return;
  const { divisor: largest, key, ns } = divisorBound(client, usesCfg);
  if (divisor <= largest) return;
  const unitName = usesCfg ? 'second of LICMTR.CFG' : 'millisecond';
  const remedy = largest >= 2 ? `the largest that works is scaled:${largest}` : 'no scale works';
  throw new ConfigurationError(
    `scaled:${divisor} would make ${key.slice(0, -2)} ${formatDuration(ns)} of ${client.name} less than one ${unitName}; ${remedy}`,
    largest >= 2 ? largest : undefined,
  );
}

/** What the durations of a client can be divided by, and the duration that bounds it. */
export function divisorBound(
  client: ClientPlan,
  usesCfg: boolean,
): { readonly divisor: number; readonly key: string; readonly ns: Nanos } {
  const [key, from] = DURATIONS.reduce((least, next) =>
    client[next[1]] < client[least[1]] ? next : least,
  );
  const ns = client[from];
  return { divisor: Number(ns / (usesCfg ? SECOND : MILLISECOND)), key, ns };
}

function divideUp(value: Nanos, by: Nanos): bigint {
  return (value + by - 1n) / by;
}

function inCapitals(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
