// A small world for the tests: a clock, a network with scripted servers, and one native client, without a case.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { VirtualClock } from '../../clock/virtual.ts';
import { VirtualNetwork } from '../../shim/transport-virtual.ts';
import type { Listener, Listening, Wire, WireListener } from '../../shim/transport.ts';
import type { Exit } from '../process.ts';
import { VirtualNativeProcess } from './native-process.ts';
import { shimFile } from './shim-file.ts';

export interface ServerSpec {
  readonly address?: string;
  readonly port: number;
  readonly state?: Listening;
  /** What the server does with a connection; default: answers each line with `OK`, and a FIN with a FIN. */
  readonly accept?: (wire: Wire, clock: VirtualClock) => WireListener;
}

export interface WorldSpec {
  readonly command: readonly string[];
  readonly servers?: readonly ServerSpec[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: (folder: string) => void;
  /** Called once, at 0 s. */
  readonly play?: (world: {
    clock: VirtualClock;
    client: VirtualNativeProcess;
    listeners: Listener[];
    folder: string;
  }) => void;
  /** The client is killed then; default 10 days. */
  readonly until?: Nanos;
  readonly seed?: number;
  readonly stallMs?: number;
}

export interface WorldResult {
  /** Everything that happened, a line each: what the servers saw, and what the client wrote, when it came to rest. */
  readonly trace: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit | undefined;
  readonly end: Nanos;
  readonly threads: number;
}

export const EPOCH_MS = Date.UTC(2026, 0, 5);

export function answering(wire: Wire): WireListener {
  wire.resume();
  return {
    data: (bytes) => {
      for (const _ of bytes.toString('latin1').matchAll(/\n/g))
        wire.write(Buffer.from('OK\n'), () => {});
    },
    end: () => wire.end(),
    reset: () => {},
  };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

export async function playNative(spec: WorldSpec): Promise<WorldResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mpt-'));
  const clock = new VirtualClock(EPOCH_MS);
  const network = new VirtualNetwork(clock);
  const lines: string[] = [];
  const note = (text: string) => void lines.push(`${formatDuration(clock.now())} ${text}`);
  const output = { stdout: '', stderr: '' };
  let exit: Exit | undefined;
  const listeners: Listener[] = [];
  for (const { address = '127.0.0.1', port, state = 'open', accept = answering } of spec.servers ??
    []) {
    const endpoint = { server: `s${port}`, face: 'pipe', client: 'c', address, port };
    const watched = (wire: Wire): WireListener => {
      note(`${port} accept`);
      const inner = accept(wire, clock);
      return {
        data: (bytes) => {
          note(`${port} data ${bytes.length} ${JSON.stringify(bytes.toString('latin1', 0, 60))}`);
          inner.data(bytes);
        },
        end: () => {
          note(`${port} end`);
          inner.end();
        },
        reset: () => {
          note(`${port} reset`);
          inner.reset();
        },
      };
    };
    listeners.push(
      await network.listen(endpoint, state, {
        accept: watched,
        attempted: (outcome) => note(`${port} ${outcome}`),
      }),
    );
  }
  spec.files?.(folder);
  const client = new VirtualNativeProcess(
    {
      command: spec.command,
      env: { PATH: process.env['PATH']!, HOME: folder, LC_ALL: 'C', ...spec.env },
      folder,
      client: 'c',
      run: 1,
    },
    {
      clock,
      network,
      seed: spec.seed ?? 1,
      epochMs: EPOCH_MS,
      wallOffsetMs: 0,
      stallMs: spec.stallMs ?? 20_000,
      shim: shimFile(),
    },
    {
      stdout: (chunk) => {
        note(`out ${JSON.stringify(chunk.toString())}`);
        output.stdout += chunk.toString();
      },
      stderr: (chunk) => {
        note(`err ${JSON.stringify(chunk.toString())}`);
        output.stderr += chunk.toString();
      },
      exited: (how) => {
        note(`exit ${how.code ?? how.signal}`);
        exit = how;
      },
      broke: (why) => note(`broke ${why}`),
    },
  );
  const until = spec.until ?? 10n * 86_400n * SECOND;
  spec.play?.({ clock, client, listeners, folder });
  try {
    while (!client.ended) {
      await tick();
      await tick();
      if (client.needsTurn) {
        await client.turn();
        continue;
      }
      const { deadline } = client;
      const own = clock.next();
      const next = own === undefined || (deadline !== undefined && deadline < own) ? deadline : own;
      if (next === undefined) throw new Error(`deadlock: ${client.evidence}`);
      if (next > until) client.kill();
      else clock.advanceTo(next);
    }
  } catch (error) {
    throw Object.assign(error as Error, { trace: lines.join('\n') });
  } finally {
    if (!client.ended) {
      client.kill();
      await client.turn();
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return { trace: lines.join('\n'), ...output, exit, end: clock.now(), threads: client.threads };
}
