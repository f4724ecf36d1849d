// A capture file into a trace, in bounded memory: two ways through the file, events written as they come.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Dialect } from '../../../emulators/emulator.ts';
import type { Nanos } from '../../clock/clock.ts';
import type { TraceHeader } from '../../trace/event.ts';
import { headerLine } from '../../trace/file.ts';
import { Endpoints, type ServerSpec } from './endpoints.ts';
import { CaptureError, Problems, type Problem } from './problems.ts';
import { Session, TraceWriter } from './session.ts';
import { Survey } from './survey.ts';
import { Timeline } from './timeline.ts';
import { readThrough, Walk } from './walk.ts';

export interface ImportOptions {
  /** Path of the pcap or pcapng file. */
  readonly path: string;
  /** Path of the trace that is written. */
  readonly out: string;
  readonly dialect: Dialect;
  /** Empty: whoever has the port of a face is a server. */
  readonly servers: readonly ServerSpec[];
  /** Told after each piece; the file is read twice. */
  readonly progress?: (bytesRead: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
  /** Bytes that wait out of order, at most; default 64 MiB. */
  readonly maxHeldBytes?: number;
}

export interface Imported {
  readonly header: TraceHeader;
  readonly packets: number;
  /** Those to or from a server. */
  readonly segments: number;
  readonly connections: number;
  readonly events: number;
  readonly servers: readonly string[];
  readonly clients: readonly string[];
  /** Time from the first packet to the last. */
  readonly durationNs: Nanos;
  /** Endpoints that were taken for servers by their port: `alpha=10.0.0.1:7230/pipe`. */
  readonly assumed: readonly string[];
  readonly problems: readonly Problem[];
}

/** Throws a CaptureError for what is no capture, or shows no traffic with a server. */
export async function importCapture(options: ImportOptions): Promise<Imported> {
  const { path, dialect, servers, progress, signal } = options;
  const survey = await surveyOf(options);
  const problems = new Problems();
  const timeline = new Timeline(problems);
  const endpoints = new Endpoints(servers, dialect.faces, survey.names);
  const writer = new TraceWriter(timeline);
  const session = new Session({ survey, endpoints, problems, writer, dialect });
  const walk = new Walk({
    file: basename(path),
    problems,
    timeline,
    isServer: (address, port) => endpoints.isServer(address, port),
    open: (...place) => session.open(...place),
    ...(options.maxHeldBytes !== undefined && { maxHeldBytes: options.maxHeldBytes }),
  });
  const out = await open(options.out, 'w');
  let header: TraceHeader | undefined;
  try {
    await readThrough(path, walk, async (bytesRead, totalBytes) => {
      signal?.throwIfAborted();
      progress?.(totalBytes + bytesRead, 2 * totalBytes);
      let text = writer.take();
      if (text === '') return;
      if (!header) {
        header = headerOf(path, dialect, timeline);
        text = `${headerLine(header)}\n${text}`;
      }
      await out.appendFile(text);
    });
  } finally {
    await out.close();
  }
  tellShared(survey, problems);
  return {
    header: header ?? headerOf(path, dialect, timeline),
    packets: walk.packets,
    segments: walk.segments,
    connections: session.connections,
    events: writer.events,
    servers: [...session.servers].toSorted(),
    clients: [...session.clients].toSorted(),
    durationNs: timeline.now,
    assumed: endpoints.assumed(),
    problems: problems.list(),
  };
}

/** The first way through. Nothing is written before something of use was found. */
async function surveyOf(options: ImportOptions): Promise<Survey> {
  const { path, dialect, servers, progress, signal } = options;
  const problems = new Problems();
  const survey = new Survey();
  const endpoints = new Endpoints(servers, dialect.faces, survey.names);
  const decoders = dialect.decoders?.();
  const walk = new Walk({
    file: basename(path),
    problems,
    timeline: new Timeline(problems),
    named: (address, name) => survey.named(address, name),
    isServer: (address, port) => endpoints.isServer(address, port),
    open: (client, server, port, offset) =>
      survey.listener(client, endpoints.at(server, port), offset, decoders),
    ...(options.maxHeldBytes !== undefined && { maxHeldBytes: options.maxHeldBytes }),
  });
  await readThrough(path, walk, (bytesRead, totalBytes) => {
    signal?.throwIfAborted();
    progress?.(bytesRead, 2 * totalBytes);
  });
  if (walk.segments > 0) return survey;
  throw new CaptureError(nothingFound(basename(path), walk, servers, dialect, problems));
}

function headerOf(path: string, { name }: Dialect, { epochNs = 0n }: Timeline): TraceHeader {
  return {
    meterproof: 1,
    case: `capture/${basename(path).replace(/\.[^.]*$/, '')}`,
    client: 'unknown',
    ...(name !== 'metering' && { dialect: name }),
    time: 'real',
    seed: 0,
    epoch: isoDate(epochNs),
    observer: 'capture',
  };
}

/** A clock that was never set says any date; those that JavaScript cannot write are 1970. */
function isoDate(epochNs: bigint): string {
  const date = new Date(Number(epochNs / 1_000_000n));
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}

function tellShared(survey: Survey, problems: Problems): void {
  for (const [address, names] of survey.shared())
    problems.add(
      `shared-${address}`,
      undefined,
      `behind ${address} are several clients (${names.join(', ')}): connections that do not tell whose they are, and failed attempts, are given to ${address}`,
    );
}

function nothingFound(
  file: string,
  walk: Walk,
  servers: readonly ServerSpec[],
  dialect: Dialect,
  problems: Problems,
): string {
  const sought =
    servers.length > 0
      ? 'one of the servers that were named'
      : `port ${dialect.faces.map(({ port, name }) => `${port} (${name})`).join(' or ')}`;
  const strangers = walk.strangers();
  const [problem] = problems.list();
  return [
    `${file}: ${walk.packets} packets, and no TCP traffic with ${sought}`,
    ...(strangers.length > 0
      ? [
          `the servers called most are ${strangers.join(', ')}: name yours with --server alpha=HOST:PORT/FACE`,
        ]
      : []),
    ...(problem
      ? [`${problem.offset === undefined ? '' : `at byte ${problem.offset}: `}${problem.text}`]
      : []),
  ].join('; ');
}
