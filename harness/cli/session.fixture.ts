// A command that goes on until Ctrl-C, in this process.
import { runSuite } from '../run/run-suite.ts';
import { runCommandLine } from './command-line.ts';

export interface Session {
  readonly out: () => string;
  readonly err: () => string;
  readonly status: Promise<number>;
  /** Once stdout or stderr has that. */
  said(what: string): Promise<void>;
  /** Where clients find each face, once all are told. */
  places(count: number): Promise<readonly { host: string; port: number }[]>;
  interrupt(): void;
}

/** Runs `meterproof …` in that folder until it is interrupted. */
export function begin(folder: string, ...args: readonly string[]): Session {
  const abort = new AbortController();
  const heard = new Set<() => void>();
  let out = '';
  let err = '';
  const status = runCommandLine(args, {
    write: (text) => {
      out += text;
      for (const hear of heard) hear();
    },
    writeError: (text) => {
      err += text;
      for (const hear of heard) hear();
    },
    isTerminal: false,
    cwd: folder,
    searchPath: process.env['PATH'] ?? '',
    cpus: 2,
    now: new Date(Date.UTC(2026, 0, 15)),
    signal: abort.signal,
    debug: false,
    runSuite,
  });
  return {
    out: () => out,
    err: () => err,
    status,
    said: async (what) => {
      const isSaid = new Promise<void>((resolve) => {
        const hear = (): void => {
          if ((out + err).includes(what)) resolve();
        };
        heard.add(hear);
        hear();
      });
      await Promise.race([status, isSaid]);
    },
    places: (count) => whenTold(count, () => err, heard, status),
    interrupt: () => abort.abort(),
  };
}

export async function whenTold(
  count: number,
  text: () => string,
  heard: Set<() => void>,
  ended: Promise<unknown>,
): Promise<readonly { host: string; port: number }[]> {
  const found = () =>
    [...text().matchAll(/clients: ([\d.]+):(\d+)/g)].map(([, host, port]) => ({
      host: host!,
      port: Number(port),
    }));
  await Promise.race([
    ended,
    new Promise<void>((resolve) => {
      const hear = (): void => {
        if (found().length >= count) resolve();
      };
      heard.add(hear);
      hear();
    }),
  ]);
  return found();
}
