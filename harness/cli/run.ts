import { mkdtempSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { errorText } from '../client/error-text.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { resolveClient } from '../client/resolve.ts';
import { DEFAULT_STALL_MS, type TimeChoice } from '../run/choose-time.ts';
import { exitStatus, summarize } from '../run/result.ts';
import { rulesFor } from '../run/rules-for.ts';
import { problemsOf, type RunOptions } from '../run/run-suite.ts';
import { addFilters, casesFor, type FilterOptions, isWhole } from './cases.ts';
import { type ExtensionOptions, type Extensions, loadExtensions } from './extensions.ts';
import { makeFolder } from './make-folder.ts';
import {
  defaultEpochMs,
  parseEpoch,
  parseRepeat,
  parseSeed,
  parseStall,
  parseTime,
  parseWorkers,
  type ReporterName,
  REPORTERS,
} from './options.ts';
import { reporterNamed } from './reporters.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

/** Options of `run` and, but for the client and the reporter, of `demo`. */
export interface PlayOptions {
  readonly time: TimeChoice;
  readonly seed: number;
  readonly epoch: number;
  readonly workers: number;
  readonly bail?: true;
  /** Milliseconds. */
  readonly stall: number;
  readonly out: string;
}

type RunCommandOptions = FilterOptions &
  PlayOptions & {
    readonly repeat: number;
    readonly client: string;
    readonly reporter: ReporterName;
  };

const EXAMPLES = `
Examples:
  meterproof run                                        all cases, the reference client
  meterproof run --client reference:rtm                 a field build: the bugs of a historical release
  meterproof run --client ./my-client.yaml              your client build, described by a profile
  meterproof run --client "python3 client.py"           your client build, if it speaks the client contract
  meterproof run offline/primary-refuses                one case
  meterproof run --source Q235786 --bail                the cases behind one article, stop at the first failure
  meterproof run --rule SWM-3 --reporter tap            machine-readable
  meterproof run --suites ./my-suites                   your own cases
  meterproof run offline/primary-refuses --repeat 100   is it the same every time?
  meterproof run --client ./slow.yaml --stall 2m        a client that computes for long at a time
  meterproof run --dialect ./my-dialect.ts --suites ./my-suites --client ./my-client.yaml
                                                        your own protocol (docs/ways-in/dialect.md)

Clients:
  reference                 the reference client
  reference:rtm             one of its field builds
  reference:hasty-switch    one bug alone
  relay                     the example client of a floating-licence server over HTTP (docs/relay.md)
  ./profile.yaml[:build]    docs/client-contract.md, section 8, says what stands in it
  "command with arguments"  a client that takes its commands from stdin

Time:
  auto       virtual where the client can, else scaled, else real
  virtual    a day passes in milliseconds, and every run is the same
  in-process the same in threads in place of processes: for thousands of cases of a Node client (docs/in-process.md)
  scaled:N   the durations of the configuration, divided by N
  real       as it is: a case of seven hours takes seven hours

Exit status: 0 all cases passed; 1 some failed; 2 could not tell, wrong use, or an error of Meterproof's own.
`;

export function addRun(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('run')
    .description('play cases against a client build and judge what it does')
    .argument('[cases...]', 'ids of cases, ends of ids, or case files; all when none is named')
    .option('--client <client>', 'the client build under test (see below)', 'reference');
  addPlayOptions(addFilters(command), surroundings)
    .option('--bail', 'stop at the first case that does not pass')
    .addOption(
      new Option('--repeat <times>', 'play each case so often and compare the traces, byte by byte')
        .argParser(parseRepeat)
        .default(1),
    )
    .addOption(
      new Option('--reporter <name>', 'how results are written')
        .choices(REPORTERS)
        .default('console'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: RunCommandOptions) => {
      const stated = playOptions(options, options.client, surroundings);
      const { extensions, client } = await speaking(stated.client, options, surroundings);
      const { protocol } = client.profile;
      const plans = casesFor(protocol, names, options, surroundings, extensions);
      const rules = rulesFor(client.profile, extensions.rules);
      const whole = isWhole(names, options);
      const { suites, dialect, rules: ruleFile } = options;
      const given = { cwd: surroundings.cwd, suites, dialect, rules: ruleFile };
      const runOptions: RunOptions = {
        ...stated,
        client,
        dialects: extensions.dialects,
        modules: extensions.modules ?? {},
        rules,
        whole,
        given,
        repeat: options.repeat,
      };
      const reporter = reporterNamed(options.reporter, surroundings);
      const results = await surroundings.runSuite(plans, runOptions, reporter);
      done(exitStatus(summarize(results, problemsOf(plans, runOptions, results))));
    });
}

/** A client under the dialect that it speaks: that of `--dialect`, or of its profile. */
export async function speaking(
  client: ResolvedClient,
  options: ExtensionOptions,
  { cwd }: Surroundings,
): Promise<{ readonly client: ResolvedClient; readonly extensions: Extensions }> {
  const { protocol } = client.profile;
  const path = options.dialect ?? (protocol.includes('/') ? protocol : undefined);
  const { rules } = options;
  const named = {
    ...(path !== undefined && { dialect: path }),
    ...(rules !== undefined && { rules }),
  };
  const extensions = await loadExtensions(named, cwd);
  const name = extensions.own?.name ?? protocol;
  if (!Object.hasOwn(extensions.dialects, name))
    throw new UsageError(
      `${client.spec} speaks "${name}", which is none of ${Object.keys(extensions.dialects).join(', ')}; name its module with --dialect`,
    );
  return { client: { ...client, profile: { ...client.profile, protocol: name } }, extensions };
}

export function addPlayOptions(command: Command, { cpus, now }: Surroundings): Command {
  const epoch = defaultEpochMs(now);
  return command
    .addOption(
      new Option('--time <mode>', 'auto, virtual, in-process, real or scaled:N')
        .argParser(parseTime)
        .default({ mode: 'auto' }, 'auto'),
    )
    .option('--seed <number>', 'seed of everything random', parseSeed, 1)
    .addOption(
      new Option('--epoch <date>', 'date, in UTC, at which each case begins')
        .argParser(parseEpoch)
        .default(epoch, 'the first of this month'),
    )
    .addOption(
      new Option('--workers <number>', 'cases at the same time; one where time is not virtual')
        .argParser(parseWorkers)
        .default(Math.min(cpus, 256), 'one a CPU'),
    )
    .addOption(
      new Option(
        '--stall <time>',
        'real time that a client in virtual time may work without a rest',
      )
        .argParser(parseStall)
        .default(DEFAULT_STALL_MS, '30s'),
    )
    .option('--out <folder>', 'where traces are written', '.meterproof');
}

/** Checks the client and the output folder, so that nothing is played in vain. */
export function playOptions(
  options: PlayOptions,
  client: string,
  surroundings: Surroundings,
): RunOptions {
  const { cwd, searchPath, signal } = surroundings;
  const outDir = resolve(cwd, options.out);
  const resolved = resolveClient(client, { cwd, searchPath });
  try {
    makeWritable(outDir);
  } catch (error) {
    throw new UsageError(
      `the folder ${options.out} cannot be written (${errorText(error)}); name another --out`,
    );
  }
  return {
    client: resolved,
    time: options.time,
    seed: options.seed,
    epochMs: options.epoch,
    workers: options.workers,
    bail: options.bail === true,
    stallMs: options.stall,
    outDir,
    signal,
  };
}

function makeWritable(folder: string): void {
  makeFolder(folder);
  rmdirSync(mkdtempSync(join(folder, '.writable-')));
}
