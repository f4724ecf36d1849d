// A recording on loopback, between sockets of the test, with its file in memory.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Dialect } from '../../emulators/emulator.ts';
import { RealClock } from '../clock/real.ts';
import type { Trace, TraceHeader } from '../trace/event.ts';
import { parseTrace } from '../trace/file.ts';
import { CaptureWriter, type Sink } from './capture-writer.ts';
import { type RecordedFace, Recording, type RecordingOptions } from './recording.ts';

export const HEADER: TraceHeader = {
  meterproof: 1,
  case: 'capture/test',
  client: 'unknown',
  time: 'real',
  seed: 0,
  epoch: '2026-01-01T00:00:00.000Z',
  observer: 'none',
  capture: { origin: 'a test', redacted: [] },
};

/** Addresses of this process alone, so that test runs beside each other do not meet. */
export function addressOf(host: number): string {
  return `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.${host}`;
}

export interface Recorded {
  readonly recording: Recording;
  readonly faces: readonly RecordedFace[];
  readonly problems: readonly string[];
  text(): string;
  /** What the file says now. */
  trace(): Trace;
  /** Connects as a client. */
  dial(face?: number): Promise<Socket>;
}

export interface RecordedOptions extends Partial<RecordingOptions> {
  readonly dialect: Dialect;
  readonly sink?: Sink;
}

/** `upstreams`: ports of the real servers on loopback, one a face of `alpha`. */
export async function record(
  host: number,
  upstreams: Readonly<Record<string, number>>,
  { sink, ...options }: RecordedOptions,
): Promise<Recorded> {
  let text = '';
  const clock = new RealClock();
  const problems: string[] = [];
  const faces = Object.entries(upstreams).map(([face, port], index) => ({
    server: 'alpha',
    face,
    upstream: { host: '127.0.0.1', port },
    address: addressOf(host),
    port: 7230 + index,
  }));
  const memory: Sink = { write: (lines) => void (text += lines), close: () => {} };
  const recording = new Recording({
    faces,
    clock,
    writer: new CaptureWriter(sink ?? memory, HEADER),
    problem: (problem) => problems.push(problem),
    ...options,
  });
  await recording.start();
  clock.start();
  return {
    recording,
    faces,
    problems,
    text: () => text,
    trace: () => parseTrace(text, 'memory'),
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
