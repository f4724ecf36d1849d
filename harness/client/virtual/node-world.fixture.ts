// A small world for the tests: a clock, a network with scripted servers, and one Node client from a text, without a case.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY, type Nanos } from '../../clock/clock.ts';
import type { VirtualClock } from '../../clock/virtual.ts';
import type { VirtualNetwork } from '../../shim/transport-virtual.ts';
import { packageRoot } from '../package-root.ts';
import type { Exit } from '../process.ts';
import { answering, EPOCH_MS, ScriptedWorld, type ServerSpec } from '../scripted-world.fixture.ts';
import { VirtualNodeProcess } from './node-process.ts';

export const PRELOAD = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');

const FOREVER = 400n * DAY;

export interface WorldSpec {
  /** Text of `client.mjs`, the program. */
  readonly program: string;
  /** Other files of its folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Without `accept` a server answers each HTTP request without a body. */
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
  /** How often it was given the word. */
  readonly grants: number;
}

const answerRequests = answering(/\r\n\r\n/g, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK');

export async function playNode(spec: WorldSpec): Promise<WorldResult> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const world = new ScriptedWorld();
  const { clock, network, lines, note } = world;
  const output = { stdout: '', stderr: '' };
  let grants = 0;
  let exit: Exit | undefined;
  let error: string | undefined;
  for (const server of spec.servers ?? []) {
    const { accept = answerRequests } = server;
    await world.listen(server, (wire) => accept(wire, clock));
  }
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
      freeUntil: () => {
        grants++;
        return clock.next() ?? FOREVER;
      },
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
    await world.drive(client, spec.until ?? FOREVER);
  } catch (cause) {
    error = (cause as Error).message;
    client.kill();
    while (!client.ended) await client.turn();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { lines, ...output, exit, error, end: clock.now(), grants };
}
