// A small world for the tests: a clock, a network with scripted servers, and one native client, without a case.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY, type Nanos } from '../../clock/clock.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { Listener, Wire, WireListener } from '../../shim/transport.ts';
import type { Exit } from '../process.ts';
import { answering, EPOCH_MS, ScriptedWorld, type ServerSpec } from '../scripted-world.fixture.ts';
import { VirtualNativeProcess } from './native-process.ts';
import { shimFile } from './shim-file.ts';

export interface WorldSpec {
  readonly command: readonly string[];
  /** Without `accept` a server answers each line with `OK`. */
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
  readonly run?: number;
  readonly realPids?: boolean;
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

export const answerLines = answering(/\n/g, 'OK\n');

export async function playNative(spec: WorldSpec): Promise<WorldResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mpt-'));
  const world = new ScriptedWorld();
  const { clock, network, lines, note } = world;
  const output = { stdout: '', stderr: '' };
  let exit: Exit | undefined;
  const listeners: Listener[] = [];
  for (const server of spec.servers ?? []) {
    const { port, accept = answerLines } = server;
    const watched = (wire: Wire): WireListener => {
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
        reset: () => inner.reset(),
      };
    };
    listeners.push(await world.listen(server, watched));
  }
  spec.files?.(folder);
  const client = new VirtualNativeProcess(
    {
      command: spec.command,
      env: { PATH: process.env['PATH']!, HOME: folder, LC_ALL: 'C', ...spec.env },
      folder,
      client: 'c',
      run: spec.run ?? 1,
      realPids: spec.realPids ?? false,
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
  spec.play?.({ clock, client, listeners, folder });
  try {
    await world.drive(client, spec.until ?? 10n * DAY);
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
