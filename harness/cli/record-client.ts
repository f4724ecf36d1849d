// A client build beside a recording: configured as a run does it, with its terminal.
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientPlan } from '../case/plan.ts';
import { temporaryFolder } from '../client/temporary-folder.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import type { RealClock } from '../clock/real.ts';
import { observerFor } from '../client/observer/inject.ts';
import { ObserverReader } from '../client/observer/reader.ts';
import type { ResolvedClient } from '../client/profile.ts';
import type { RecordedFace } from '../record/recording.ts';
import { prepareClient } from '../run/prepare-client.ts';

const POLL_MS = 20;
/** What a client has to end by itself after Ctrl-C. */
const GRACE_MS = 5_000;

export interface ClientBeside {
  /** Resolves when the client has ended; `status` as a shell counts it. */
  readonly ended: Promise<number>;
  /** Who saw its attempts that no listener sees. */
  observer(): string;
  stop(): Promise<void>;
}

export interface BesideOptions {
  readonly client: ResolvedClient;
  readonly plan: ClientPlan;
  readonly faces: readonly RecordedFace[];
  readonly clock: RealClock & Clock;
  attempted(face: RecordedFace, at: Nanos): void;
  problem(text: string): void;
}

export function startBeside(options: BesideOptions): ClientBeside {
  const { client, plan, faces, clock } = options;
  const folder = temporaryFolder('record-');
  const names = [...new Set(faces.map(({ server }) => server))];
  const servers = names.map((name) => {
    const own = faces.filter(({ server }) => server === name);
    const ports = Object.fromEntries(own.map(({ face, port }) => [face, port]));
    return { name, address: own[0]!.address, ports };
  });
  const prepared = prepareClient(client, plan, 1, servers, 1, join(folder, 'client'));
  const { command, env } = prepared.launchSpec(1);
  const file = join(folder, 'attempts.jsonl');
  const observer = new ObserverReader<RecordedFace>({
    file,
    pollMs: POLL_MS,
    endpoint: (address, port) =>
      faces.find((face) => face.address === address && face.port === port),
    caseTimeOf: (ns) => clock.caseTimeOf(ns),
    attempted: (face, at) => options.attempted(face, at),
    overflowed: () => options.problem('the client made more attempts than can be observed'),
  });
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: prepared.folder,
    env: { ...env, ...observerFor(command, file, env, prepared.folder).env },
    // Ctrl-C in a terminal reaches it as well.
    stdio: 'inherit',
  });
  observer.start();
  const ended = new Promise<number>((resolve) => {
    child.on('error', (error) => {
      options.problem(`${program} cannot be started: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
  return {
    ended,
    observer: () => [...observer.kinds].join('+') || 'none',
    stop: async () => {
      await end(child, ended);
      observer.poll();
      observer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, ended: Promise<number>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}
