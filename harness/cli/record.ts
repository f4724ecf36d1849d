import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Dialect } from '../../emulators/emulator.ts';
import type { Nanos } from '../clock/clock.ts';
import { RealClock } from '../clock/real.ts';
import { errorText } from '../client/error-text.ts';
import { resolveClient } from '../client/resolve.ts';
import { choosePorts, type FaceSpec, parseFaceSpec } from '../record/face-spec.ts';
import { headerOf } from '../record/complete.ts';
import { type Preamble, RAW_SUFFIX, type Redaction, REDACTIONS } from '../record/raw-format.ts';
import { RecordingFile } from '../record/recording-file.ts';
import type { Counters, RecordedFace } from '../record/recording.ts';
import { inferPlan, parseSetting, type Settings } from '../replay/infer-plan.ts';
import { TransportError } from '../shim/transport.ts';
import { chosenDialect, DIALECT_OPTION } from './dialect-option.ts';
import { collect } from './options.ts';
import { type ClientBeside, startBeside } from './record-client.ts';
import { completed, finishLeft } from './record-finish.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface RecordArguments {
  readonly server: readonly string[];
  readonly dialect: string;
  readonly out?: string;
  readonly finish?: string;
  readonly listen: string;
  readonly client?: string;
  readonly setting: Settings;
  readonly redact: readonly Redaction[];
  readonly keepListening?: true;
  readonly origin?: string;
}

const HELP = `
Examples:
  meterproof record --server alpha=10.0.0.1:7230/pipe --server alpha=10.0.0.1:7280/share --out field.jsonl
  meterproof record --server alpha=10.0.0.1 --server bravo=10.0.0.2 --redact accounts,workstations --out field.jsonl
  meterproof record --server alpha=10.0.0.1:7230/pipe@192.168.1.5:7230 --out field.jsonl     where clients find it
  meterproof record --dialect opaque --server alpha=broker.example:8883@18883 --out tls.jsonl
  meterproof record --client ./broker-client.yaml --out mine.jsonl      its servers, and the client itself started
  meterproof record --server alpha=127.0.0.1 --client reference --setting retryDelay=5s --out mine.jsonl
  meterproof record --finish field.jsonl     after a crash: field.jsonl is made of field.jsonl.raw

Point your client to the addresses that are printed. Ctrl-C ends the recording; then: meterproof replay field.jsonl
What passes, how a refusal is passed on and what is redacted: docs/record.md
`;

export function addRecord(
  program: Command,
  surroundings: Surroundings,
  done: (status: number, endsByInterrupt?: boolean) => void,
): void {
  program
    .command('record')
    .description('stand between clients and their real servers, and write down what passes')
    .addOption(
      new Option(
        '--server <name=host:port/face[@address:port]>',
        'a real server and, behind the @, where clients find it; once for each face',
      )
        .argParser(collect)
        .default([], 'those of the profile'),
    )
    .option('--out <file>', 'the capture that is written; it must not exist yet')
    .option(...DIALECT_OPTION)
    .option('--listen <address>', 'the address of this machine where clients find us', '127.0.0.1')
    .option('--client <client>', 'a client build that is started, as for run')
    .addOption(
      new Option('--setting <key=value>', 'a setting of that client: retryDelay=15m')
        .argParser(readSetting)
        .default({}, 'those of a case that says nothing'),
    )
    .addOption(
      new Option('--redact <what>', `with commas: ${REDACTIONS.join(', ')}`)
        .argParser(readRedactions)
        .default([], 'nothing'),
    )
    .option(
      '--keep-listening',
      'accept and reset where a server refuses: each attempt is seen, but the client sees a reset',
    )
    .option('--origin <text>', 'where the session is from, one line in the capture')
    .option(
      '--finish <file>',
      'make the capture of what a recording that was killed has left in FILE.raw; alone',
    )
    .addHelpText('after', HELP)
    .action(async ({ finish, out, ...options }: RecordArguments) => {
      if (finish !== undefined) done(await finishLeft(finish, surroundings));
      else if (out === undefined) throw new UsageError('nothing is written: add --out field.jsonl');
      else done(await record({ ...options, out }, surroundings), true);
    });
}

async function record(
  options: RecordArguments & { readonly out: string },
  surroundings: Surroundings,
): Promise<number> {
  const { cwd, searchPath, writeError, signal } = surroundings;
  const client =
    options.client === undefined ? undefined : resolveClient(options.client, { cwd, searchPath });
  const { profile } = client ?? {};
  if (profile?.tls) throw new UsageError('TLS stays closed in a recording: leave out tls there');
  const protocol = profile && profile.protocol !== 'metering' ? profile.protocol : options.dialect;
  const dialect = await chosenDialect(protocol, cwd);
  checkRedaction(options.redact, dialect);
  const specs = facesOf(options, dialect, profile?.upstreams ?? {});
  const path = resolve(cwd, options.out);
  if (existsSync(path)) throw new UsageError(`--out: ${options.out} exists already`);
  const faces = await choosePorts(specs, dialect.faces).catch((error: unknown) => {
    throw new UsageError(`--listen: ${errorText(error)}`);
  });

  const clock = new RealClock();
  const preamble = preambleOf(options, faces, protocol, surroundings);
  const problem = once((text) => writeError(`meterproof: ${text}\n`));
  const refusals = new Map<RecordedFace, { readonly from: Nanos; until?: Nanos }>();
  const file = fileOf(options.out, () => {
    return new RecordingFile({
      ...{ path, preamble, faces, clock, problem },
      ...(client && { clientName: CLIENT_NAME }),
      keepListening: options.keepListening ?? false,
      changed: (face, isOpen) => {
        const last = refusals.get(face);
        if (isOpen && last) last.until = clock.now();
        else refusals.set(face, { from: clock.now() });
        const what = isOpen ? 'listens again' : 'refuses: clients are refused until it listens';
        writeError(`${face.server}.${face.face} ${what}\n`);
      },
    });
  });
  const { recording } = file;
  try {
    await recording.start();
  } catch (error) {
    file.stop();
    rmSync(path + RAW_SUFFIX, { force: true });
    throw error instanceof TransportError ? new UsageError(error.message) : error;
  }
  clock.start();
  for (const { server, face, address, port, upstream } of faces)
    writeError(
      `${server}.${face}  clients: ${place(address, port)}  server: ${place(upstream.host, upstream.port)}\n`,
    );
  const live = liveCounters(surroundings, () => recording.counters);
  let beside: ClientBeside | undefined;
  let status = 0;
  try {
    if (client) {
      const header = headerOf(preamble);
      const [plan] = inferPlan({ header, events: [] }, options.out, options.setting).clients;
      // What came while we listened was seen by ourselves.
      const attempted = (face: RecordedFace, at: Nanos): void => {
        const { from, until } = refusals.get(face) ?? {};
        if (from !== undefined && at >= from && (until === undefined || at < until))
          recording.attempted(face, CLIENT_NAME, at);
      };
      beside = startBeside({ client, plan: plan!, faces, clock, problem, attempted });
    }
    const ends = [recording.failure, aborted(signal), ...(beside ? [beside.ended] : [])];
    const code = await Promise.race(ends);
    if (typeof code === 'number')
      writeError(
        `the client has ended by itself, with status ${code} (a driven one lives as long as its standard input is open)\n`,
      );
  } catch (error) {
    status = 2;
    writeError(
      `\nmeterproof: ${options.out}${RAW_SUFFIX} cannot be written: ${errorText(error)}\n`,
    );
  }
  await beside?.stop();
  live.done();
  try {
    file.stop();
  } catch (error) {
    if (status === 0) writeError(`meterproof: ${options.out}${RAW_SUFFIX}: ${errorText(error)}\n`);
    status = 2;
  }
  const counters = recording.counters;
  if (status === 2) {
    const lost = Math.max(0, counters.bytes - counters.written);
    writeError(`${counterText(counters)}, lost ${lost}\n`);
    writeError(`what is there: meterproof record --finish ${options.out}\n`);
    return 2;
  }
  const observer = options.keepListening ? 'record' : (beside?.observer() ?? 'none');
  const done = await completed({ path, shown: options.out, dialect, observer }, surroundings);
  if (done === undefined) return 2;
  const lost = Math.max(0, counters.bytes - done.bytes);
  writeError(`${options.out}: ${counterText(counters)}, ${done.events} events, lost ${lost}\n`);
  writeError(`next: meterproof replay ${options.out}${hint(dialect)}\n`);
  return lost > 0 ? 2 : 0;
}

function hint({ name }: Dialect): string {
  return name === 'metering' ? '' : ` --dialect ${name}`;
}

function facesOf(
  { server, listen }: RecordArguments,
  dialect: Dialect,
  upstreams: Readonly<Record<string, { readonly host: string; readonly port: number }>>,
): readonly FaceSpec[] {
  const specs = server.flatMap((text): readonly FaceSpec[] => {
    const found = parseFaceSpec(text, dialect.faces, listen);
    if (typeof found === 'string') throw new UsageError(`--server: ${found}`);
    return found;
  });
  const told = new Set(specs.map((spec) => spec.server));
  const face = dialect.faces[0]!.name;
  for (const [name, { host, port }] of Object.entries(upstreams))
    if (!told.has(name))
      specs.push({
        server: name,
        face,
        upstream: { host, port },
        address: listen,
        port: undefined,
      });
  if (specs.length === 0)
    throw new UsageError('no server is named: add --server alpha=10.0.0.1:7230/pipe');
  const keys = specs.map((spec) => `${spec.server}.${spec.face}`);
  const twice = keys.find((key, index) => keys.indexOf(key) < index);
  if (twice !== undefined) throw new UsageError(`--server: ${twice} is named twice`);
  return specs;
}

function checkRedaction(redact: readonly Redaction[], dialect: Dialect): void {
  if (redact.length === 0 || redact.includes('bytes') || dialect.redactors) return;
  throw new UsageError(
    `--redact: nobody can tell the names in the bytes of ${dialect.name}; --redact bytes keeps only their lengths`,
  );
}

function preambleOf(
  { out, client, redact, origin, keepListening }: RecordArguments & { readonly out: string },
  faces: readonly RecordedFace[],
  dialect: string,
  { now }: Surroundings,
): Preamble {
  const names = faces.map(({ server, face }) => `${server}.${face}`).join(', ');
  return {
    meterproofRaw: 1,
    case: `capture/${out.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '')}`,
    client: client ?? 'unknown',
    epoch: now.toISOString(),
    observer: keepListening ? 'record' : 'none',
    origin: (origin ?? `meterproof record before ${names} (${dialect})`).slice(0, 300),
    dialect,
    faces: faces.map(({ server, face }) => ({ server, face })),
    redact: [...redact],
    isNamed: client !== undefined,
  };
}

function fileOf(shown: string, make: () => RecordingFile): RecordingFile {
  try {
    return make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UsageError(
        `--out: ${shown}${RAW_SUFFIX} was left by a recording that was cut off: meterproof record --finish ${shown}`,
      );
    throw new UsageError(`--out: ${shown}${RAW_SUFFIX} cannot be written (${errorText(error)})`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

/** What the client that is started is called until it says its name. */
const CLIENT_NAME = 'client';

const TERMINAL_MS = 500;
const LOG_MS = 30_000;

/** On a terminal one line that is written over, elsewhere a line now and then where something has happened. */
function liveCounters(
  { isTerminal, writeError }: Surroundings,
  counters: () => Counters,
): { done(): void } {
  let last = '';
  const tell = (): void => {
    const text = counterText(counters());
    if (text !== last) writeError(isTerminal ? `\r${text}\u001b[K` : `${text}\n`);
    last = text;
  };
  const timer = setInterval(tell, isTerminal ? TERMINAL_MS : LOG_MS);
  return {
    done: () => {
      clearInterval(timer);
      if (isTerminal) writeError('\r\u001b[K');
    },
  };
}

function counterText({ connections, open, failed, bytes }: Counters): string {
  return `${connections} connections (${open} open), ${failed} failed attempts, ${bytes} bytes`;
}

function place(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Each text once: a server that is away is away for every client. */
function once(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size > 1000) return;
    told.add(text);
    tell(text);
  };
}

function readSetting(text: string, before: Settings): Settings {
  try {
    return { ...before, ...parseSetting(text) };
  } catch (error) {
    throw new InvalidArgumentError(errorText(error));
  }
}

function readRedactions(text: string): readonly Redaction[] {
  const words = text.split(',').map((word) => word.trim());
  const wrong = words.find((word) => !REDACTIONS.some((known) => known === word));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is none of ${REDACTIONS.join(', ')}.`);
  return words as Redaction[];
}
