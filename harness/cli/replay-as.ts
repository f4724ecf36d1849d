// Two ways to replay: the servers of a capture are played to a client build, or its clients to servers.
import { writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Dialect } from '../../emulators/emulator.ts';
import { lineOf, MAX_HELD_BYTES, MAX_HELD_EVENTS, readCapture } from '../capture/capture-file.ts';
import type { Plan } from '../case/plan.ts';
import { errorText } from '../client/error-text.ts';
import { HarnessError } from '../client/process.ts';
import { resolveClient } from '../client/resolve.ts';
import { formatDuration } from '../clock/duration.ts';
import { playAsClient, type PlayedToServers } from '../replay/as-client.ts';
import {
  checkFaces,
  playAsServers,
  type PlayedToClient,
  unseenText,
} from '../replay/as-servers.ts';
import { playToRealServers, type ServerAddress } from '../replay/real-servers.ts';
import { ReplayError } from '../replay/replay-error.ts';
import { type Palette, palette } from '../report/palette.ts';
import { makeFolder } from './make-folder.ts';
import { clientFolder } from '../run/client-folder.ts';
import { rulesFor } from '../run/rules-for.ts';
import type { TimeChoice } from '../run/choose-time.ts';
import type { Trace } from '../trace/event.ts';
import { formatTrace } from '../trace/file.ts';
import { TraceStream } from '../trace/stream.ts';
import { formatEvent } from '../trace/format.ts';
import type { Settings } from '../replay/infer-plan.ts';
import { shownPath } from './cases.ts';
import type { ExtensionOptions, Extensions } from './extensions.ts';
import { speaking } from './run.ts';
import { dialectOf } from './read-session.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

export interface ReplayAsOptions extends ExtensionOptions {
  readonly as: 'servers' | 'client';
  readonly client?: string;
  readonly server: readonly string[];
  readonly time?: TimeChoice;
  readonly seed: number;
  readonly epoch?: number;
  readonly stall: number;
  readonly out: string;
  readonly setting: Settings;
}

/** How a file is found, and the case that it is about. */
export interface Sources {
  readonly extensions: Extensions;
  path(file: string): string;
  plan(trace: Trace, extensions: Extensions): Plan | undefined;
}

const MAX_SHOWN = 10;

/** Returns the exit status. */
export async function replayAs(
  file: string,
  options: ReplayAsOptions,
  sources: Sources,
  surroundings: Surroundings,
): Promise<number> {
  try {
    return options.as === 'servers'
      ? await asServers(file, options, sources, surroundings)
      : await asClient(file, options, sources, surroundings);
  } catch (error) {
    if (error instanceof ReplayError) throw new UsageError(error.message);
    throw error;
  }
}

async function asServers(
  file: string,
  options: ReplayAsOptions,
  sources: Sources,
  surroundings: Surroundings,
): Promise<number> {
  if (options.server.length > 0)
    throw new UsageError('--server is for --as client: with --as servers the capture plays them');
  const { cwd, searchPath, signal, write, isTerminal } = surroundings;
  const resolved = resolveClient(options.client ?? 'reference', { cwd, searchPath });
  const { client, extensions } = await speaking(resolved, options, surroundings);
  const dialect = extensions.dialects[client.profile.protocol]!;
  const trace = await read(file, dialect, sources, surroundings);
  const plan = sources.plan(trace, extensions);
  const { seed, epoch, stall, time = { mode: 'auto' } } = options;
  const played = await playAsServers(trace, {
    file,
    client,
    dialect,
    ...(plan && { plan }),
    settings: options.setting,
    time,
    seed,
    ...(epoch !== undefined && { epochMs: epoch }),
    stallMs: stall,
    rules: rulesFor(client.profile, extensions.rules),
    signal,
  });
  if (signal.aborted) throw new HarnessError('broken off');
  const out = resolve(cwd, options.out, 'replay', clientFolder(client.spec), basename(file));
  try {
    makeFolder(dirname(out));
    writeFileSync(out, formatTrace(played.trace));
  } catch (error) {
    throw new UsageError(
      `${shownPath(out, cwd)} cannot be written (${errorText(error)}); name another --out`,
    );
  }
  const shown = { file, spec: client.spec, out: shownPath(out, cwd) };
  write(serversText(shown, played, palette(isTerminal)));
  if (played.error !== undefined || played.unseen.length > 0) return 2;
  return isSame(played) ? 0 : 1;
}

function isSame({ diff }: PlayedToClient): boolean {
  return diff.major.length + diff.minor.length === 0;
}

const ACTIVITY: Readonly<Record<PlayedToClient['activity'], string>> = {
  commands: 'the commands that were recorded',
  case: 'the steps of the case',
  records: 'what its usage records and requests let suppose',
  none: 'nothing: the capture does not show any, and there is no case',
};

function serversText(
  { file, spec, out }: { readonly file: string; readonly spec: string; readonly out: string },
  played: PlayedToClient,
  colors: Palette,
): string {
  const { diff, unseen, repeated, error } = played;
  const [word, paint] =
    error !== undefined
      ? (['ERROR', colors.red] as const)
      : unseen.length > 0
        ? (['INCONCLUSIVE', colors.yellow] as const)
        : isSame(played)
          ? (['SAME', colors.green] as const)
          : (['DIFFERENT', colors.red] as const);
  const lines = [`${paint(word)}  ${file}  played to ${spec}, time ${played.time}`];
  if (error !== undefined) lines.push(`  ${error}`);
  if (unseen.length > 0)
    lines.push('  requests that the capture never saw; nothing is known from the first on:');
  const kinds = [...grouped(unseen, ({ place, asked }) => `${place} ${asked}`).values()];
  for (const [first, ...more] of kinds.slice(0, MAX_SHOWN)) {
    const near = first!.near.join(', ') || 'none';
    const times = more.length > 0 ? ` (and ${more.length} times more)` : '';
    lines.push(
      `  ${colors.bold(unseenText(first!))}${times}`,
      `    ${out}:${first!.line}; lines of the capture with requests to ${first!.place}: ${near}`,
    );
  }
  if (kinds.length > MAX_SHOWN) lines.push(`  and ${kinds.length - MAX_SHOWN} other requests`);
  if (unseen[0] && !isSame(played))
    lines.push(`  differences until ${formatDuration(unseen[0].at)}:`);
  lines.push(
    ...diff.major.map((text) => `  ! ${text}`),
    ...diff.minor.map((text) => `    ${text}`),
  );
  const again = new Map<string, number>();
  for (const { server, face, meaning, line } of repeated) {
    const text = `${server}.${face} ${meaning}, as in ${file}:${line}`;
    again.set(text, (again.get(text) ?? 0) + 1);
  }
  for (const [text, times] of [...again].slice(0, MAX_SHOWN))
    lines.push(`  asked more often than recorded, answered again: ${text} (${times} more)`);
  for (const text of played.supposed) lines.push(`  supposed: ${text}`);
  if (played.activity !== 'commands') lines.push(`  users did ${ACTIVITY[played.activity]}`);
  lines.push(`  trace: ${out}`);
  return `${lines.join('\n')}\n`;
}

async function asClient(
  file: string,
  options: ReplayAsOptions,
  sources: Sources,
  surroundings: Surroundings,
): Promise<number> {
  if (options.client !== undefined)
    throw new UsageError('--client is for --as servers: with --as client the capture plays it');
  const { extensions } = sources;
  const stream = await TraceStream.open(sources.path(file), file);
  // Faces of several dialects have one name: the case knows which servers it is about.
  const known = sources.plan({ header: stream.header, events: [] }, extensions)?.dialect;
  const spoken = known ?? stream.header.dialect ?? 'metering';
  const dialect = dialectOf({ ...stream.header, dialect: spoken }, file, extensions);
  const trace = await read(file, dialect, sources, surroundings);
  checkFaces(trace, dialect, file);
  const servers = options.server.flatMap((text) => addressesOf(text, dialect));
  const mode = options.time?.mode ?? 'auto';
  const { write, isTerminal, signal } = surroundings;
  let played: PlayedToServers;
  let to: string;
  if (servers.length > 0) {
    if (mode !== 'auto' && mode !== 'real')
      throw new UsageError(
        '--time: to real servers it is real, the recorded pace, or is left out: as fast as answers come',
      );
    const pace = mode === 'real' ? 'recorded' : 'answers';
    played = await playToRealServers(trace, { file, dialect, servers, pace, signal });
    to = options.server.join(' ');
  } else {
    if (mode !== 'auto' && mode !== 'virtual')
      throw new UsageError(
        '--time: emulated servers are asked in virtual time; for real ones name --server',
      );
    if (dialect.opaque)
      throw new UsageError(
        `servers of ${dialect.name} are not emulated; name real ones with --server`,
      );
    const plan = sources.plan(trace, extensions);
    const { seed, setting: settings } = options;
    played = await playAsClient(trace, { file, dialect, ...(plan && { plan }), settings, seed });
    to = 'emulated servers';
  }
  write(clientText(file, to, trace, played, palette(isTerminal)));
  return played.differences.length === 0 ? 0 : 1;
}

function clientText(
  file: string,
  to: string,
  trace: Trace,
  { differences, attempts, compared }: PlayedToServers,
  colors: Palette,
): string {
  const word = differences.length === 0 ? colors.green('SAME') : colors.red('DIFFERENT');
  const lines = [`${word}  ${file}  sent to ${to}`];
  for (const { index, place, recorded, now } of differences.slice(0, MAX_SHOWN))
    lines.push(
      `  ${file}:${lineOf(index)}  ${formatEvent(trace.events[index]!)}`,
      `    ${place} recorded  ${recorded}`,
      `    ${place} now       ${now}`,
    );
  if (differences.length > MAX_SHOWN) lines.push(`  and ${differences.length - MAX_SHOWN} more`);
  const left = attempts - compared;
  lines.push(
    `  ${compared} of ${attempts} connection attempts compared${left > 0 ? '; the others belong to downtimes, or to servers that are not named' : ''}`,
  );
  return `${lines.join('\n')}\n`;
}

async function read(
  file: string,
  dialect: Dialect,
  sources: Sources,
  { writeError }: Surroundings,
): Promise<Trace> {
  const path = sources.path(file);
  const trace = await readCapture(path, file, dialect, MAX_HELD_EVENTS, MAX_HELD_BYTES);
  if (trace.cutOff) writeError(`${file}: its last line is cut off, and left out\n`);
  return trace;
}

const SERVER =
  /^(?<server>[a-z][a-z0-9-]{0,30})=(?:\[(?<ipv6>[0-9a-f:.]+)\]|(?<host>[\w.-]{1,253}))(?::(?<port>\d{1,5}))?(?:\/(?<face>[a-z]{1,30}))?$/i;

/** `alpha=127.0.0.1` with the ports of the dialect, `alpha=127.0.0.1:7280/share`; a port alone is that of one of the faces. */
export function addressesOf(
  text: string,
  { faces }: Pick<Dialect, 'faces'>,
): readonly ServerAddress[] {
  const { server = '', ipv6, host = ipv6 ?? '', port, face } = SERVER.exec(text)?.groups ?? {};
  if (server === '')
    throw new UsageError(`--server: "${text}" is not like alpha=127.0.0.1:7280/share`);
  const names = faces.map(({ name }) => name).join(', ');
  if (face !== undefined && !faces.some(({ name }) => name === face))
    throw new UsageError(`--server: "${face}" in "${text}" is no face; there are ${names}`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new UsageError(`--server: "${port}" in "${text}" is no port`);
  const chosen = faces.filter(
    (one) =>
      (face === undefined || one.name === face) &&
      (port === undefined || face !== undefined || faces.length === 1 || one.port === Number(port)),
  );
  if (chosen.length === 0)
    throw new UsageError(`--server: "${text}" does not say which face has that port: ${names}`);
  return chosen.map((one) => ({
    server,
    face: one.name,
    host,
    port: port === undefined ? one.port : Number(port),
  }));
}

function grouped<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
