import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { parseServerSpec, type ServerSpec } from '../capture/pcap/endpoints.ts';
import { importCapture, type Imported } from '../capture/pcap/import.ts';
import { problemText } from '../capture/pcap/problems.ts';
import { errorText } from '../client/error-text.ts';
import { formatDuration } from '../clock/duration.ts';
import { chosenDialect, DIALECT_OPTION } from './dialect-option.ts';
import { MILLISECOND } from '../clock/clock.ts';
import { inputFile, statOf } from './files.ts';
import { progressLine } from './progress.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface ImportArguments {
  readonly server?: readonly string[];
  readonly dialect: string;
  readonly out?: string;
}

const HELP = `
Examples:
  meterproof import field.pcapng
  meterproof import field.pcapng --server alpha=10.0.0.1:7230/pipe --server alpha=10.0.0.1:7280/share
  meterproof import field.pcap --server alpha=[fd00::1]:7230/pipe --out field.jsonl

Without --server whoever has the port of a face is taken for a server, and what was assumed is printed. How to take a
capture, what is read and what becomes of a damaged one: docs/captures.md.
`;

export function addImport(program: Command, surroundings: Surroundings): void {
  program
    .command('import')
    .description('read a packet capture (pcap or pcapng) and write what it shows as a trace')
    .argument('<file>', 'the capture, as tcpdump, dumpcap or Wireshark wrote it')
    .option(
      '--server <name=host:port/face>',
      'where a server is in the capture; once for each address and face (default: by port)',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option(...DIALECT_OPTION)
    .option(
      '--out <file>',
      'the trace that is written (default: the name of the capture with .jsonl, where that is not there yet)',
    )
    .addHelpText('after', HELP)
    .action(async (file: string, options: ImportArguments) => {
      await importFile(file, options, surroundings);
    });
}

async function importFile(
  file: string,
  { server, dialect: name, out }: ImportArguments,
  surroundings: Surroundings,
): Promise<void> {
  const { cwd, write, writeError, signal } = surroundings;
  const path = inputFile(file, cwd);
  const dialect = await chosenDialect(name, cwd);
  const servers = (server ?? []).map((text): ServerSpec => {
    const spec = parseServerSpec(text, dialect.faces);
    if (typeof spec === 'string') throw new UsageError(`--server: ${spec}`);
    return spec;
  });
  const target = out ?? `${basename(file).replace(/\.(?:pcapng|pcap|cap|dmp)$/i, '')}.jsonl`;
  if (resolve(cwd, target) === path) throw new UsageError(`--out: ${target} is the capture itself`);
  if (out === undefined && statOf(resolve(cwd, target), target))
    throw new UsageError(
      `${target} is there already: name another file with --out, or that one to write it anew`,
    );
  const progress = progressLine(surroundings);
  const imported = await importCapture({
    path,
    out: resolve(cwd, target),
    dialect,
    servers,
    signal,
    progress: (bytesRead, totalBytes) =>
      progress.tell(() => {
        const percent = Math.floor((100 * bytesRead) / Math.max(totalBytes, 1));
        // The file is read twice.
        return `${percent} % of ${Math.ceil(totalBytes / 2_000_000)} MB`;
      }),
  })
    .catch((error: unknown) => {
      // Only errors of the file system have a path, or a call; one on an open file has no path.
      const isWrite = error instanceof Error && 'syscall' in error && error.syscall === 'write';
      if (isWrite)
        throw new UsageError(
          `${target} cannot be written (${errorText(error)}): what is there is not whole`,
        );
      if (!(error instanceof Error) || !('path' in error)) throw error;
      const what = error.path === path ? `${file} cannot be read` : `${target} cannot be written`;
      throw new UsageError(`${what} (${errorText(error)})`);
    })
    .finally(() => progress.done());
  for (const problem of imported.problems) writeError(`${problemText(file, problem)}\n`);
  write(summary(imported, target));
}

function summary(imported: Imported, target: string): string {
  const { assumed, header, durationNs, servers, clients, events, connections } = imported;
  const lines = [
    ...(assumed.length > 0
      ? [`taken for servers by their ports: ${assumed.map((spec) => `--server ${spec}`).join(' ')}`]
      : []),
    `${counted(imported.packets, 'packet')}, ${imported.segments} of them to or from ${servers.join(', ')}, ` +
      `within ${formatDuration(durationNs - (durationNs % MILLISECOND))} from ${header.epoch}`,
    `${counted(connections, 'connection')} of ${shortList(clients)}`,
    `${target}: ${counted(events, 'event')}`,
  ];
  return `${lines.join('\n')}\n`;
}

const MAX_SHOWN = 8;

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SHOWN).join(', ');
  return names.length > MAX_SHOWN ? `${shown} and ${names.length - MAX_SHOWN} more` : shown;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
