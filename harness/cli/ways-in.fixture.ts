// The pages of docs/ways-in as they stand: their files in a folder, their commands on a command line of our own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../client/package-root.ts';
import { runSuite } from '../run/run-suite.ts';
import { runCommandLine } from './command-line.ts';

/** Writes every block of a page that names a file (```` ```ts my-file.ts ````), and gives the page's text. */
export function unpackPage(
  page: string,
  folder: string,
  change: (text: string, file: string) => string = (text) => text,
): string {
  const text = readFileSync(join(packageRoot(), 'docs/ways-in', page), 'utf8');
  for (const { groups } of text.matchAll(
    /^```\w+ (?<file>[\w./-]+\.\w+)\n(?<content>[^]*?)^```$/gm,
  )) {
    const path = join(folder, groups!['file']!);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, change(groups!['content']!, groups!['file']!));
  }
  return text;
}

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `meterproof …` in that folder. */
export async function meterproof(folder: string, ...args: readonly string[]): Promise<Said> {
  let out = '';
  let err = '';
  const status = await runCommandLine(args, {
    write: (text) => void (out += text),
    writeError: (text) => void (err += text),
    isTerminal: false,
    cwd: folder,
    searchPath: process.env['PATH'] ?? '',
    cpus: 2,
    now: new Date(Date.UTC(2026, 0, 15)),
    signal: new AbortController().signal,
    debug: false,
    runSuite,
  });
  return { status, out, err };
}
