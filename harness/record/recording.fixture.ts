// A recording on loopback, between sockets of the test, with its raw file in memory.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dialect } from '../../emulators/emulator.ts';
import { RealClock } from '../clock/real.ts';
import type { Trace, TraceHeader } from '../trace/event.ts';
import { parseTrace } from '../trace/file.ts';
import { type Completed, completeRecording, headerOf } from './complete.ts';
import type { Preamble, Redaction } from './raw-format.ts';
import { RawWriter, type Sink } from './raw-writer.ts';
import { type RecordedFace, Recording, type RecordingOptions } from './recording.ts';

export const PREAMBLE: Preamble = {
  meterproofRaw: 1,
  case: 'capture/test',
  client: 'unknown',
  epoch: '2026-01-01T00:00:00.000Z',
  observer: 'none',
  origin: 'a test',
  dialect: 'metering',
  faces: [{ server: 'alpha', face: 'tcp' }],
  redact: [],
  isNamed: false,
};
export const HEADER: TraceHeader = headerOf(PREAMBLE);

/** Addresses of this process alone, so that test runs beside each other do not meet. */
export function addressOf(host: number): string {
  return `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.${host}`;
}

export interface Recorded {
  readonly recording: Recording;
  readonly faces: readonly RecordedFace[];
  readonly problems: readonly string[];
  /** Ends it, and makes the capture. */
  finish(): Promise<Finished>;
  /** Connects as a client. */
  dial(face?: number): Promise<Socket>;
}

export interface Finished extends Completed {
  readonly text: string;
  readonly trace: Trace;
}

export interface RecordedOptions extends Partial<RecordingOptions> {
  readonly dialect: Dialect;
  readonly redact?: readonly Redaction[];
  readonly sink?: Sink;
}

/** What becomes of the bytes of a raw file. */
export async function completedOf(raw: Uint8Array, dialect: Dialect): Promise<Finished> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-raw-'));
  try {
    const path = join(folder, 'a.jsonl');
    writeFileSync(`${path}.raw`, raw);
    const problem = (text: string): never => {
      throw new Error(text);
    };
    const done = await completeRecording({ path, shown: 'a.jsonl', dialect, problem });
    const text = readFileSync(path, 'utf8');
    return { ...done, text, trace: parseTrace(text, 'a.jsonl') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `upstreams`: ports of the real servers on loopback, one a face of `alpha`. */
export async function record(
  host: number,
  upstreams: Readonly<Record<string, number>>,
  { sink, dialect, redact = [], ...options }: RecordedOptions,
): Promise<Recorded> {
  const pieces: Buffer[] = [];
  const clock = new RealClock();
  const problems: string[] = [];
  const faces = Object.entries(upstreams).map(([face, port], index) => ({
    server: 'alpha',
    face,
    upstream: { host: '127.0.0.1', port },
    address: addressOf(host),
    port: 7230 + index,
  }));
  const memory: Sink = { write: (bytes) => void pieces.push(Buffer.from(bytes)), close: () => {} };
  const names = faces.map(({ server, face }) => ({ server, face }));
  const preamble = { ...PREAMBLE, faces: names, redact: [...redact] };
  const recording = new Recording({
    faces,
    clock,
    writer: new RawWriter(sink ?? memory, preamble),
    problem: (problem) => problems.push(problem),
    ...options,
  });
  await recording.start();
  clock.start();
  return {
    recording,
    faces,
    problems,
    finish: () => {
      recording.stop();
      return completedOf(Buffer.concat(pieces), dialect);
    },
    dial: async (face = 0) => {
      const { address, port } = faces[face]!;
      const socket = connect({ host: address, port, allowHalfOpen: true });
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    },
  };
}

export interface RealServer {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

export async function serve(serving: (socket: Socket) => void, port = 0): Promise<RealServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    serving(socket);
  });
  server.listen({ port, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Everything until the other side's FIN. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  await once(socket, 'end');
  return Buffer.concat(pieces);
}
