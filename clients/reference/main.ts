// The reference client: what docs/client-contract.md asks of a licence-metering client, as plainly as possible.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveCommands } from './commands.ts';
import { readStart, Unsupported, UNSUPPORTED_STATUS, type Start } from './configuration.ts';
import { replaceDurably } from './durable.ts';
import { Meter } from './meter.ts';
import { LeaseBook } from './online/lease-book.ts';
import { OnlineSession } from './online/session.ts';
import { openPipe } from './pipe-client.ts';
import { standardReport as report } from './report.ts';
import { shareOf } from './share-client.ts';
import { Spool } from './spool.ts';
import { poll } from './synchronization/poll.ts';
import { Synchronization } from './synchronization/synchronization.ts';
import { systemTime } from './time.ts';

function run({ configuration, dataFolder, bugs }: Start): void {
  mkdirSync(dataFolder, { recursive: true });
  const stop = new AbortController();
  const time = systemTime(stop.signal);
  const spool = new Spool(dataFolder);

  const shares = configuration.servers.map((server) => shareOf(server, configuration, stop.signal));
  const keepConfiguration = (content: Buffer): void =>
    replaceDurably(join(dataFolder, 'LICMTR.CFG'), content);
  const parts = { configuration, shares, spool, keepConfiguration, time, report, bugs };
  const synchronization = new Synchronization(parts);
  untilStopped(poll(configuration.pollingIntervalMs, () => synchronization.run(), time, bugs));

  let session: OnlineSession | undefined;
  if (configuration.mode === 'online') {
    const pipes = new Map(configuration.servers.map(({ name, pipe }) => [name, pipe]));
    const open = (server: string) => (onLost: () => void) =>
      openPipe(pipes.get(server)!, configuration, stop.signal, onLost);
    const book = new LeaseBook(dataFolder, report);
    session = new OnlineSession({ configuration, open, book, time, report, bugs });
    untilStopped(session.run());
  }

  const meter = new Meter(configuration, spool, time, session);
  serveCommands(process.stdin, process.stdout, meter, () => stop.abort());

  /** Whatever waits ends with the abort; any other end is a bug of ours, and ends the process. */
  function untilStopped(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }
}

try {
  run(readStart(process.argv.slice(2), process.env));
} catch (error) {
  const isUnsupported = error instanceof Unsupported;
  const prefix = isUnsupported ? 'meterproof: unsupported' : 'reference:';
  process.stderr.write(`${prefix} ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUnsupported ? UNSUPPORTED_STATUS : 2;
}
