import { type Command, Option } from 'commander';
import type { ResolvedClient } from '../client/profile.ts';
import { resolveClient } from '../client/resolve.ts';
import { palette } from '../report/palette.ts';
import { sweepJson, sweepText } from '../report/sweep-text.ts';
import type { TimeChoice } from '../run/choose-time.ts';
import { withPolicy } from '../run/fit.ts';
import { rulesFor } from '../run/rules-for.ts';
import { openPlayer } from '../run/sweep/player.ts';
import { sweep, type SweepResult } from '../run/sweep/sweep.ts';
import { isDuration, type Quantity, SweepError, type Variation } from '../run/sweep/variation.ts';
import { addSuites, ANY, chosenCases } from './cases.ts';
import type { ExtensionOptions } from './extensions.ts';
import { defaultEpochMs, parseEpoch, parseSeed, parseWorkers } from './options.ts';
import { speaking } from './run.ts';
import { type Surroundings, UsageError } from './surroundings.ts';
import { SECOND } from '../clock/clock.ts';
import {
  parseAttempts,
  parseDelays,
  parseDown,
  parseDowntimes,
  parseDurations,
  parseMaxRuns,
  parseResolution,
  parseSamples,
  parseVirtualTime,
  type Range,
} from './sweep-options.ts';

type Ranges = Readonly<Partial<Record<'outage' | 'attempts' | 'retryDelay' | 'down', Range>>>;

interface SweepCommandOptions extends Ranges, ExtensionOptions {
  readonly client: string;
  readonly suites?: string;
  readonly downtime: Variation['downtimes'];
  readonly resolution: bigint;
  readonly samples: number;
  readonly maxRuns: number;
  readonly expect?: true;
  readonly json?: true;
  readonly time: TimeChoice;
  readonly seed: number;
  readonly epoch: number;
  readonly workers: number;
}

const EXAMPLES = `
Examples:
  meterproof sweep outage-shorter-than-the-attempts --outage 10s..3d      how long an outage the reference client waits out
  meterproof sweep offline/primary-refuses --outage 1m..1d --client ./my-client.yaml
  meterproof sweep all-down-for-a-day --outage 1m..30d --downtime all     every downtime of the case together
  meterproof sweep attempts-counted-and-spaced-before-switch --attempts 1..10
  meterproof sweep attempts-counted-and-spaced-before-switch --retry-delay 1m..1h --resolution 1m
  meterproof sweep two-refuse-third-takes --down 0..3 --json

docs/sweep.md shows what is printed, and says how the points are found.
Exit status: 0 it passes at every value; 1 it fails at some; 2 could not tell, wrong use, or an error of Meterproof's own.
`;

export function addSweep(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('sweep')
    .description('find the outage, or another quantity of a case, at which a client build changes')
    .argument('<case>', 'id of a case, or its file')
    .option('--client <client>', 'the client build under test, as for run', 'reference');
  addSuites(command)
    .option('--outage <from..to>', 'how long the downtime lasts: 10s..3d', parseDurations)
    .option('--attempts <from..to>', 'attempts of the clients on one server: 1..10', parseAttempts)
    .option('--retry-delay <from..to>', 'delay between attempts: 1m..1h', parseDelays)
    .option('--down <from..to>', 'how many servers, from the first, are down: 1..3', parseDown)
    .addOption(
      new Option('--downtime <which>', 'which "down" steps are meant: 1, 1,2 or all')
        .argParser(parseDowntimes)
        .default([1], 'the first'),
    )
    .addOption(
      new Option('--resolution <duration>', 'how close to find a change of a duration')
        .argParser(parseResolution)
        .default(SECOND, '1s'),
    )
    .option('--samples <number>', 'values that are tried first', parseSamples, 25)
    .option('--max-runs <number>', 'runs at most', parseMaxRuns, 200)
    .option('--expect', 'judge the expected lines of the case too, not only rules')
    .option('--json', 'write JSON')
    .addOption(
      new Option('--time <mode>', 'virtual or in-process')
        .argParser(parseVirtualTime)
        .default({ mode: 'virtual' }, 'virtual'),
    )
    .option('--seed <number>', 'seed of everything random', parseSeed, 1)
    .addOption(
      new Option('--epoch <date>', 'date, in UTC, at which each case begins')
        .argParser(parseEpoch)
        .default(defaultEpochMs(surroundings.now), 'the first of this month'),
    )
    .addOption(
      new Option('--workers <number>', 'runs at the same time')
        .argParser(parseWorkers)
        .default(Math.min(surroundings.cpus, 256), 'one a CPU'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: SweepCommandOptions) => {
      done(await runSweep(name, options, surroundings));
    });
}

async function runSweep(
  name: string,
  options: SweepCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { cwd, searchPath, signal, write, writeError, isTerminal } = surroundings;
  const variation = variationOf(options);
  const where = options.suites === undefined ? {} : { suites: options.suites };
  const named = resolveClient(options.client, { cwd, searchPath });
  const { client, extensions } = await speaking(named, options, surroundings);
  const [written] = chosenCases([name], { ...ANY, ...where }, surroundings, extensions);
  const fixed = fixedBy(client, variation.quantity);
  if (fixed !== undefined) throw new UsageError(fixed);
  // First what the profile states, then the value that is tried in its place.
  const plan = withPolicy(written!, client.profile);
  const { time, seed, epoch: epochMs, workers, expect, json, samples, maxRuns } = options;
  const player = await openPlayer(plan, {
    client,
    dialects: extensions.dialects,
    modules: extensions.modules ?? {},
    rules: rulesFor(client.profile, extensions.rules),
    time,
    seed,
    epochMs,
    workers,
    signal,
    played: (count) => {
      if (isTerminal) writeError(`\rplayed ${count} of at most ${maxRuns}`);
    },
  });
  let result: SweepResult;
  try {
    result = await sweep(
      plan,
      {
        variation,
        resolution: isDuration(variation.quantity) ? options.resolution : 1n,
        samples,
        maxRuns,
        expect: expect === true,
      },
      player,
    );
  } catch (error) {
    throw error instanceof SweepError ? new UsageError(error.message) : error;
  } finally {
    if (isTerminal) writeError('\r\u001b[K');
  }
  const info = {
    client: client.spec,
    time: time.mode,
    seed,
    epoch: new Date(epochMs).toISOString(),
  };
  write(json ? sweepJson(result, info) : sweepText(result, info, palette(isTerminal)));
  return statusOf(result);
}

/** Why another value of the quantity would reach nobody; undefined: the client takes what a case tells it. */
function fixedBy({ spec, profile }: ResolvedClient, quantity: Quantity): string | undefined {
  const key = quantity === 'attempts' ? 'attempts' : 'retryDelay';
  if (quantity !== 'attempts' && quantity !== 'retry-delay') return undefined;
  const stated = profile.policy?.[key];
  if (stated === undefined || stated === 'configured') return undefined;
  return `${spec} has ${key} of its own (policy: in its profile) and does not take those of a case: --${quantity} would change nothing`;
}

function variationOf(options: SweepCommandOptions): Variation {
  const given = (
    [
      ['outage', options.outage],
      ['attempts', options.attempts],
      ['retry-delay', options.retryDelay],
      ['down', options.down],
    ] as const
  ).flatMap(([quantity, range]): readonly (Range & { quantity: Quantity })[] =>
    range ? [{ quantity, ...range }] : [],
  );
  const [chosen, second] = given;
  if (!chosen || second)
    throw new UsageError(
      'a sweep varies one thing: give one of --outage 10s..3d, --attempts 1..10, --retry-delay 1m..1h, --down 1..3',
    );
  return { ...chosen, downtimes: options.downtime };
}

function statusOf({ regimes }: SweepResult): number {
  const verdicts = new Set(regimes.map(({ behaviour }) => behaviour.verdict));
  if (verdicts.has('fail')) return 1;
  return verdicts.size === 1 && verdicts.has('pass') ? 0 : 2;
}
