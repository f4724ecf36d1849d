// The reference client: what docs/client-contract.md asks of a licence-metering client, as plainly as possible.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveCommands } from './commands.ts';
import { readStart, Unsupported, UNSUPPORTED_STATUS, type Start } from './configuration.ts';
import { replaceDurably } from './durable.ts';
import { ForbiddenPrograms } from './forbidden-programs.ts';
import { Meter, type Records } from './meter.ts';
import { BoundedSpool } from './bounded-spool.ts';
import type { openSession } from './online/open.ts';
import { PatientSpool } from './patient-spool.ts';
import { standardReport as report } from './report.ts';
import { shareOf } from './share-client.ts';
import { Spool } from './spool.ts';
import { poll } from './synchronization/poll.ts';
import { Synchronization } from './synchronization/synchronization.ts';
import { systemTime } from './time.ts';

function run(start: Start, online: typeof openSession | undefined): void {
  const { configuration, dataFolder, bugs } = start;
  mkdirSync(dataFolder, { recursive: true });
  const stop = new AbortController();
  const time = systemTime(stop.signal);
  const spool = new Spool(dataFolder, bugs);

  const shares = configuration.servers.map((server) =>
    shareOf(server, configuration, stop.signal, bugs),
  );
  const kept = join(dataFolder, 'LICMTR.CFG');
  const remembers = existsSync(kept) && !bugs.has('forbidden-forgotten-at-start');
  const forbidden = new ForbiddenPrograms(remembers ? readFileSync(kept) : undefined, bugs);
  const keepConfiguration = (content: Buffer): void => {
    forbidden.learn(content);
    replaceDurably(kept, content);
  };
  const swallows =
    bugs.has('poll-swallows-retry') &&
    configuration.retryDelayMs >= configuration.pollingIntervalMs;
  const pace = { ...configuration, attempts: swallows ? 1 : configuration.attempts };
  const parts = { configuration: pace, shares, spool, keepConfiguration, time, report, bugs };
  const synchronization = new Synchronization(parts);
  const synchronize = async (): Promise<void> => {
    if (bugs.has('split-run')) meter.split();
    await synchronization.run();
  };
  const session = online?.(start, time, report, stop.signal);
  if (session) untilStopped(session.run());

  const bounded = new BoundedSpool(spool, configuration.spoolRecords, report, bugs);
  const patient = new PatientSpool(bounded, time, report, bugs);
  const records: Records = {
    expect: () => {
      if (bugs.has('disk-suspend')) untilStopped(patient.suspendWhile(() => spool.isBlocked));
    },
    append: (record) => {
      if (!synchronization.losesUsage) patient.append(record);
    },
  };
  const meter = new Meter(configuration, records, time, session, bugs, forbidden);
  untilStopped(poll(configuration.pollingIntervalMs, synchronize, time, bugs));
  serveCommands(process.stdin, process.stdout, meter, () => stop.abort(), session);

  /** Whatever waits ends with the abort; any other end is a bug of ours, and ends the process. */
  function untilStopped(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }
}

try {
  const start = readStart(process.argv.slice(2), process.env);
  // An offline client speaks on no pipe: what would is not loaded.
  const online =
    start.configuration.mode === 'online' ? await import('./online/open.ts') : undefined;
  run(start, online?.openSession);
} catch (error) {
  const isUnsupported = error instanceof Unsupported;
  const prefix = isUnsupported ? 'meterproof: unsupported' : 'reference:';
  process.stderr.write(`${prefix} ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUnsupported ? UNSUPPORTED_STATUS : 2;
}
