import type { Start } from '../configuration.ts';
import { openPipe } from '../pipe-client.ts';
import type { Report } from '../report.ts';
import type { Time } from '../time.ts';
import { CheckOuts } from './check-outs.ts';
import { LeaseBook } from './lease-book.ts';
import type { OpenPipe } from './line.ts';
import { OnlineSession } from './session.ts';

/** The part of the client that asks for licences, over a pipe to each server. */
export function openSession(
  { configuration, dataFolder, bugs }: Start,
  time: Time,
  report: Report,
  stop: AbortSignal,
): OnlineSession {
  const pipes = new Map(configuration.servers.map(({ name, pipe }) => [name, pipe]));
  const open =
    (server: string): OpenPipe =>
    (onLost, onPush) =>
      openPipe(pipes.get(server)!, configuration, stop, onLost, bugs, onPush);
  const checkOuts = new CheckOuts(dataFolder, time, report, bugs);
  const book = new LeaseBook(dataFolder, report, bugs);
  return new OnlineSession({ configuration, open, book, checkOuts, time, report, bugs });
}
