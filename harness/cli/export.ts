import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { exportTrace } from '../capture/pcap/export.ts';
import { DIALECT_OPTION } from './dialect-option.ts';
import { loadExtensions } from './extensions.ts';
import { dialectOf } from './read-session.ts';
import { TraceStream } from '../trace/stream.ts';
import { errorText } from '../client/error-text.ts';
import { inputFile } from './files.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface ExportArguments {
  readonly output: string;
  readonly dialect?: string;
}

const HELP = `
Examples:
  meterproof export .meterproof/reference/offline/primary-refuses.jsonl -o case.pcapng
  tshark -r case.pcapng -X lua_script:docs/dissector/meterproof.lua

The packets are made from the bytes in the trace: what was seen on a connection is true, the TCP around it is made up.
`;

export function addExport(program: Command, { cwd, write }: Surroundings): void {
  program
    .command('export')
    .description('write a trace as a packet capture (pcapng) for Wireshark')
    .argument('<trace>', 'a trace (.jsonl)')
    .requiredOption('-o, --output <file>', 'the capture that is written')
    .option(DIALECT_OPTION[0], `${DIALECT_OPTION[1]} (default: what the trace says)`)
    .addHelpText('after', HELP)
    .action(async (file: string, { output, dialect: name }: ExportArguments) => {
      const path = inputFile(file, cwd);
      if (resolve(cwd, output) === path) throw new UsageError(`${output} is the trace itself`);
      const stream = await TraceStream.open(path, file);
      const extensions = await loadExtensions(name === undefined ? {} : { dialect: name }, cwd);
      const dialect = dialectOf(stream.header, file, extensions);
      const target = openOutput(resolve(cwd, output), output);
      let bytes = 0;
      try {
        for await (const block of exportTrace(stream, dialect))
          bytes += writeTo(target, block, output);
      } finally {
        closeSync(target);
      }
      const cutOff = stream.cutOff ? ' (the trace was cut off in its last line)' : '';
      write(`${output}: ${stream.eventCount} events in ${bytes} bytes${cutOff}\n`);
    });
}

function writeTo(target: number, block: Uint8Array, shown: string): number {
  try {
    return writeSync(target, block);
  } catch (error) {
    throw new UsageError(
      `${shown} cannot be written (${errorText(error)}): what is there is not whole`,
    );
  }
}

function openOutput(path: string, shown: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`${shown} cannot be written (${errorText(error)})`);
  }
}
