// The command line from its arguments to an exit status. Effects come in through `Surroundings`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { CaptureError } from '../capture/pcap/problems.ts';
import { CaseError } from '../case/errors.ts';
import { packageRoot } from '../client/package-root.ts';
import { HarnessError } from '../client/process.ts';
import { ProfileError } from '../client/profile.ts';
import { TraceFileError } from '../trace/file.ts';
import { addCoverage } from './coverage.ts';
import { addDemo } from './demo.ts';
import { addDiff } from './diff.ts';
import { addExplain } from './explain.ts';
import { addExport } from './export.ts';
import { addImport } from './import.ts';
import { addList } from './list.ts';
import { addNew } from './new.ts';
import { addRecord } from './record.ts';
import { addReplay } from './replay.ts';
import { addRun } from './run.ts';
import { SelectionError } from './select.ts';
import { addServe } from './serve.ts';
import { machineTrouble } from './files.ts';
import { type Surroundings, UsageError } from './surroundings.ts';
import { addSweep } from './sweep.ts';
import { addValidate } from './validate.ts';

/** After Ctrl-C, as a shell counts it: 128 + SIGINT. */
export const INTERRUPTED = 130;
/** As well where nothing can be told: the machine gives out, or we do. */
export const WRONG_USE = 2;

const HELP = `
Start with:
  meterproof demo                              the reference client beside a field build with historical bugs
  meterproof run --client ./my-client.yaml     your own client build
  meterproof list                              what there is to check
  meterproof explain offline/primary-refuses   one case in prose
  meterproof new offline/my-case               a case of your own

In a clone the same command line is: npm start -- run --client reference:rtm
"meterproof run --help" tells how to name a client, a time mode and cases.
`;

/** Never rejects: what goes wrong is one message on stderr, and the status says so. */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let status = 0;
  let isWholeWhenInterrupted = false;
  const done = (result: number, endsByInterrupt = false): void => {
    status = result;
    isWholeWhenInterrupted = endsByInterrupt;
  };
  try {
    await buildProgram(surroundings, done).parseAsync(args, { from: 'user' });
  } catch (error) {
    status = explainFailure(error, surroundings);
  }
  return surroundings.signal.aborted && !isWholeWhenInterrupted ? INTERRUPTED : status;
}

/** Exported for the test that holds docs/cli.md to it. */
export function buildProgram(
  surroundings: Surroundings,
  done: (status: number, endsByInterrupt?: boolean) => void = () => {},
): Command {
  const program = new Command('meterproof')
    .description(
      'Plays license servers, takes them down on a script, and judges how a licence-metering client behaves.',
    )
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.write(text),
      writeErr: (text) => surroundings.writeError(text),
      getOutHelpWidth: () => 110,
      getErrHelpWidth: () => 110,
    });
  addDemo(program, surroundings, done);
  addRun(program, surroundings, done);
  addSweep(program, surroundings, done);
  addCoverage(program, surroundings, done);
  addList(program, surroundings);
  addExplain(program, surroundings);
  addValidate(program, surroundings);
  addNew(program, surroundings);
  addImport(program, surroundings);
  addExport(program, surroundings);
  addRecord(program, surroundings, done);
  addReplay(program, surroundings, done);
  addServe(program, surroundings, done);
  addDiff(program, surroundings, done);
  return program;
}

function explainFailure(error: unknown, { writeError, debug, signal }: Surroundings): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
  if (signal.aborted) return INTERRUPTED;
  const text = error instanceof Error ? error.message : String(error);
  const isExpected = [
    CaptureError,
    HarnessError,
    ProfileError,
    SelectionError,
    TraceFileError,
    UsageError,
  ].some((kind) => error instanceof kind);
  const trouble = machineTrouble(error);
  if (debug && error instanceof Error) writeError(`${error.stack}\n`);
  // One problem a line, each with its file: nothing before them, so that editors can follow.
  else if (error instanceof CaseError) writeError(`${text}\n`);
  else if (isExpected) writeError(`meterproof: ${text}\n`);
  else if (trouble !== undefined) writeError(`meterproof: ${trouble}\n`);
  else writeError(`meterproof: an error of our own: ${text} (METERPROOF_DEBUG=1 shows where)\n`);
  return WRONG_USE;
}

function version(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
