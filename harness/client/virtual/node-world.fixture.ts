// A small world for the tests: a clock, a network with scripted servers, and one Node client from a text, without a case.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { VirtualClock } from '../../clock/virtual.ts';
import { VirtualNetwork } from '../../shim/transport-virtual.ts';
import type { Listener, Listening, Wire, WireListener } from '../../shim/transport.ts';
import { packageRoot } from '../package-root.ts';
import type { Exit } from '../process.ts';
import { VirtualNodeProcess } from './node-process.ts';

export const EPOCH_MS = Date.UTC(2026, 0, 5);
export const PRELOAD = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');

export interface ServerSpec {
  readonly port: number;
  readonly state?: Listening;
  /** What the server does with a connection; default: answers each request with `OK`, and a FIN with a FIN. */
  readonly accept?: (wire: Wire) => WireListener;
}

export interface WorldSpec {
  /** Text of `client.mjs`, the program. */
  readonly program: string;
  /** Other files of its folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly servers?: readonly ServerSpec[];
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called once, at 0 s. */
  readonly play?: (world: {
    clock: VirtualClock;
    client: VirtualNodeProcess;
    network: VirtualNetwork;
    note: (text: string) => void;
  }) => void;
  /** The port on which the program may listen. */
  readonly listens?: number;
  /** The client is killed then; default 400 days. */
  readonly until?: Nanos;
  readonly seed?: number;
  readonly stallMs?: number;
}

export interface WorldResult {
  /** What the client wrote, a line each, behind the time at which it came to rest; and what the servers saw. */
  readonly lines: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit | undefined;
  /** Text of the error that broke it off. */
  readonly error: string | undefined;
  readonly end: Nanos;
}

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK';

/** Answers each HTTP request without a body. */
function answering(wire: Wire): WireListener {
  wire.resume();
  return {
    data: (bytes) => {
      for (const _ of bytes.toString('latin1').matchAll(/\r\n\r\n/g))
        wire.write(Buffer.from(answer), () => {});
    },
    end: () => wire.end(),
    reset: () => {},
  };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

export async function playNode(spec: WorldSpec): Promise<WorldResult> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const clock = new VirtualClock(EPOCH_MS);
  const network = new VirtualNetwork(clock);
  const lines: string[] = [];
  const note = (text: string) => void lines.push(`${formatDuration(clock.now())} ${text}`);
  const output = { stdout: '', stderr: '' };
  let exit: Exit | undefined;
  let error: string | undefined;
  for (const { port, state = 'open', accept = answering } of spec.servers ?? [])
    await listen(network, port, state, accept, note);
  for (const [name, text] of Object.entries({ ...spec.files, 'client.mjs': spec.program }))
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  const client = new VirtualNodeProcess(
    {
      command: [spec.node ?? process.execPath, 'client.mjs'],
      env: { PATH: process.env['PATH']!, HOME: folder, ...spec.env },
      folder,
      client: 'client',
      run: 1,
      ...(spec.listens !== undefined && { listens: spec.listens }),
    },
    {
      clock,
      network,
      seed: spec.seed ?? 1,
      epochMs: EPOCH_MS,
      wallOffsetMs: 0,
      stallMs: spec.stallMs ?? 30_000,
      realStartMs: Date.now(),
      preload: PRELOAD,
    },
    {
      stdout: (chunk) => {
        for (const line of chunk.toString().trimEnd().split('\n')) note(line);
        output.stdout += chunk.toString();
      },
      stderr: (chunk) => void (output.stderr += chunk.toString()),
      exited: (how) => {
        exit = how;
        note(`exit ${how.code ?? how.signal}`);
      },
      broke: (why) => note(`broke ${why}`),
    },
  );
  spec.play?.({ clock, client, network, note });
  try {
    while (!client.ended) {
      await tick();
      await tick();
      if (client.needsTurn) await client.turn();
      else advance(clock, client, spec.until ?? 400n * DAY);
    }
  } catch (cause) {
    error = (cause as Error).message;
    client.kill();
    while (!client.ended) await client.turn();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { lines, ...output, exit, error, end: clock.now() };
}

function advance(clock: VirtualClock, client: VirtualNodeProcess, until: Nanos): void {
  const { deadline } = client;
  const own = clock.next();
  const next = own === undefined || (deadline !== undefined && deadline < own) ? deadline : own;
  if (next === undefined) throw new Error(`deadlock: ${client.evidence}`);
  if (next > until) client.kill();
  else clock.advanceTo(next);
}

function listen(
  network: VirtualNetwork,
  port: number,
  state: Listening,
  accept: (wire: Wire) => WireListener,
  note: (text: string) => void,
): Promise<Listener> {
  const endpoint = { server: `s${port}`, face: 'pipe', client: 'c', address: '127.0.0.1', port };
  return network.listen(endpoint, state, {
    attempted: (outcome) => note(`${port} ${outcome}`),
    accept: (wire) => {
      note(`${port} accept`);
      const inner = accept(wire);
      return {
        ...inner,
        data: (bytes) => inner.data(bytes),
        end: () => inner.end(),
        reset: () => {
          note(`${port} reset`);
          inner.reset();
        },
      };
    },
  });
}
