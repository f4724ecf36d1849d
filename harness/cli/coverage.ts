import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { errorText } from '../client/error-text.ts';
import { resolveClient } from '../client/resolve.ts';
import { gridOf, type PlayedCase } from '../coverage/grid.ts';
import { coverageJson, coverageText, type CoverageInfo } from '../report/coverage-text.ts';
import { palette } from '../report/palette.ts';
import type { Reporter } from '../run/result.ts';
import { rulesFor } from '../run/rules-for.ts';
import type { TraceHeader } from '../trace/event.ts';
import { parseTrace, TraceFileError } from '../trace/file.ts';
import { addFilters, casesFor, chosenCases, type FilterOptions, isWhole } from './cases.ts';
import type { Extensions } from './extensions.ts';
import { inputFile, statOf } from './files.ts';
import { addPlayOptions, type PlayOptions, playOptions, speaking } from './run.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

type CoverageOptions = FilterOptions &
  PlayOptions & { readonly client: string; readonly json?: string; readonly from?: string };

interface Measured {
  readonly cases: readonly PlayedCase[];
  readonly info: CoverageInfo;
}

const EXAMPLES = `
Examples:
  meterproof coverage                                   every downtime by every protocol state, over all cases
  meterproof coverage --suite leases --suite failback   what these suites touch
  meterproof coverage --client ./my-client.yaml --suites ./my-suites
  meterproof coverage --json coverage.json              with the cases of each cell; --json - writes nothing else
  meterproof run --out traces && meterproof coverage --from traces

docs/coverage.md says what counts, and how to read the table.
Exit status: 0 it was measured, whatever came out; 2 nothing was played, wrong use, or an error of Meterproof's own.
`;

export function addCoverage(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('coverage')
    .description('tell which downtimes the cases let a client meet, and in which protocol states')
    .argument('[cases...]', 'ids of cases, ends of ids, or case files; all when none is named')
    .option('--client <client>', 'the client build that plays the cases, as for run', 'reference');
  addPlayOptions(addFilters(command), surroundings)
    .option('--json <file>', 'write JSON to a file, or with - in place of the table')
    .option('--from <folder>', 'read the traces that "run --out" wrote, and play nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: CoverageOptions) => {
      const { cwd, searchPath, write, isTerminal } = surroundings;
      const resolved = resolveClient(options.client, { cwd, searchPath });
      const { extensions, client } = await speaking(resolved, options, surroundings);
      const measured =
        options.from === undefined
          ? await play(names, options, surroundings)
          : readTraces(names, options, options.from, extensions, surroundings);
      const grid = gridOf(extensions.dialects[client.profile.protocol]!, measured.cases);
      if (options.json !== undefined && options.json !== '-')
        writeJson(resolve(cwd, options.json), coverageJson(grid, measured.info));
      write(
        options.json === '-'
          ? coverageJson(grid, measured.info)
          : coverageText(grid, measured.info, palette(isTerminal)),
      );
      done(0);
    });
}

async function play(
  names: readonly string[],
  options: CoverageOptions,
  surroundings: Surroundings,
): Promise<Measured> {
  const stated = playOptions(options, options.client, surroundings);
  const { extensions, client } = await speaking(stated.client, options, surroundings);
  const plans = casesFor(client.profile.protocol, names, options, surroundings, extensions);
  const rules = rulesFor(client.profile, extensions.rules);
  let info: CoverageInfo | undefined;
  const reporter: Reporter = {
    begin: ({ client: spec, time, seed, epoch }) =>
      void (info = { client: spec, time, seed, epoch }),
    result: (_result, count) => {
      if (surroundings.isTerminal) surroundings.writeError(`\rplayed ${count} of ${plans.length}`);
    },
    end: () => {
      if (surroundings.isTerminal) surroundings.writeError('\r\u001b[K');
    },
  };
  const results = await surroundings.runSuite(
    plans,
    {
      ...stated,
      client,
      dialects: extensions.dialects,
      modules: extensions.modules ?? {},
      rules,
    },
    reporter,
  );
  const played = results.filter(({ trace }) => trace.events.length > 0);
  const [first] = played;
  if (!first)
    throw new UsageError(`${options.client} has played none of the cases; "run" tells why`);
  return {
    cases: played.map(({ plan, trace }) => ({ id: plan.id, events: trace.events })),
    info: info ?? infoOf(first.trace.header),
  };
}

/** Traces of that client below a folder; of the chosen cases, where some are chosen. */
function readTraces(
  names: readonly string[],
  options: CoverageOptions,
  folder: string,
  extensions: Extensions,
  surroundings: Surroundings,
): Measured {
  const root = resolve(surroundings.cwd, folder);
  if (statOf(root, folder)?.isDirectory() !== true)
    throw new UsageError(`there is no folder ${folder}`);
  const chosen = isWhole(names, options)
    ? undefined
    : new Set(chosenCases(names, options, surroundings, extensions).map(({ id }) => id));
  const others = new Set<string>();
  const headers: TraceHeader[] = [];
  const cases: PlayedCase[] = [];
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
  for (const file of files.filter((name) => name.endsWith('.jsonl'))) {
    const shown = join(folder, file);
    const text = readFileSync(inputFile(shown, surroundings.cwd), 'utf8');
    const { header, events } = parseTrace(text, shown);
    if (header.client !== options.client) others.add(header.client);
    else if (events.length > 0 && chosen?.has(header.case) !== false) {
      if (cases.some(({ id }) => id === header.case))
        throw new TraceFileError(`${shown}:1: a second trace of ${header.case}; name one folder`);
      headers.push(header);
      cases.push({ id: header.case, events });
    }
  }
  if (headers.length === 0)
    throw new UsageError(
      `no trace below ${folder} is of ${options.client}${others.size > 0 ? `; there are some of ${[...others].join(', ')}` : ''}: "meterproof run --out ${folder}" writes them`,
    );
  return { cases, info: infoOf(headers[0]!) };
}

function infoOf({ client, time, seed, epoch }: TraceHeader): CoverageInfo {
  return { client, time, seed, epoch };
}

function writeJson(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written (${errorText(error)})`);
  }
}
