import type { Command } from 'commander';
import type { Plan } from '../case/plan.ts';
import { RULES } from '../judge/rules/index.ts';
import { formatFailure } from '../report/failure.ts';
import { palette } from '../report/palette.ts';
import type { CaseResult, Reporter } from '../run/result.ts';
import type { RunOptions } from '../run/run-suite.ts';
import { ANY, casesFor, shownPath } from './cases.ts';
import {
  brokenRules,
  clientTime,
  demoStatus,
  isAsExpected,
  mostTelling,
  type Pair,
  pairUp,
} from './demo-report.ts';
import { brokenRulesText, pairTable } from './demo-text.ts';
import { addPlayOptions, playOptions, type PlayOptions } from './run.ts';
import type { Surroundings } from './surroundings.ts';

const FIELD_BUILD = 'reference:rtm';
/** Where clients must stay with their server, where they must not, and what they do when it is back: a first look takes seconds. */
const STORY = ['offline', 'online', 'failback'];
/** Where no line can be written over: a sign of life after so many cases. */
const SHOWN_EVERY = 20;

export function addDemo(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('demo')
    .description(
      'play the suites of the outages against the reference client and its RTM field build',
    )
    .addHelpText(
      'after',
      `
The suites are ${STORY.join(', ')}; "meterproof run" plays all there are. The reference client keeps every obligation. The RTM field
build has the bugs of the first release of Systems Management Server 2.0 and must fail exactly the cases that catch one of
them. Exit status 0 only if both came out so.
`,
    );
  addPlayOptions(command, surroundings).action(async (options: PlayOptions) => {
    done(await demonstrate(options, surroundings));
  });
}

async function demonstrate(options: PlayOptions, surroundings: Surroundings): Promise<number> {
  const { write, signal } = surroundings;
  const colors = palette(surroundings.isTerminal);
  const all = casesFor('metering', [], ANY, surroundings);
  const plans = all.filter(({ suite }) => STORY.includes(suite));
  const reference = inThreads(playOptions(options, 'reference', surroundings));
  const field = inThreads(playOptions(options, FIELD_BUILD, surroundings));
  const { bugs } = field.client;
  const outDir = shownPath(field.outDir, surroundings.cwd);

  write(`${colors.bold('Meterproof')} plays license servers, takes them down on a script, and judges what a client does.

  The first release of Systems Management Server 2.0 had clients that kept trying their unavailable primary license server
  while the next one stood ready: their usage data waited with them (Q235786). Do these two clients?

`);
  const kept = await play('1  reference      the reference client', plans, reference, surroundings);
  if (signal.aborted) return 0;
  const broke = await play(
    `2  ${FIELD_BUILD}  the first release: ${bugs.join(', ')}`,
    plans,
    field,
    surroundings,
  );
  if (signal.aborted) return 0;

  const pairs = pairUp(plans, kept, broke, bugs);
  write(`\n${pairTable(pairs, FIELD_BUILD, colors)}\n`);
  const broken = brokenRules(broke, RULES);
  if (broken.length > 0)
    write(
      `${colors.bold('What the RTM build owes and does not do')}\n\n${brokenRulesText(broken, colors)}\n`,
    );
  const example = mostTelling(broke);
  if (example)
    write(
      `${colors.bold('One of its failures, as "meterproof run" prints it')}\n\n${formatFailure(example, colors)}\n`,
    );
  const status = demoStatus(pairs);
  write(closing(pairs, all.length, status, outDir));
  return status;
}

/** The traces are the same, byte by byte, and a thread starts sooner than a process: somebody waits for the first result of all. */
function inThreads(options: RunOptions): RunOptions {
  const { client } = options;
  const { profile } = client;
  return {
    ...options,
    client: { ...client, profile: { ...profile, time: ['in-process', ...profile.time] } },
  };
}

async function play(
  title: string,
  plans: readonly Plan[],
  options: RunOptions,
  surroundings: Surroundings,
): Promise<readonly CaseResult[]> {
  const { write, isTerminal, runSuite } = surroundings;
  let wallMs = 0;
  const started = performance.now();
  const reporter: Reporter = {
    begin: () => write(`  ${title}\n`),
    result: ({ plan }, count) => {
      if (isTerminal) write(`\r\u001b[K     ${count} of ${plans.length}  ${plan.id}`);
      else if (count % SHOWN_EVERY === 0) write(`     ${count} of ${plans.length}\n`);
    },
    end: () => {
      wallMs = performance.now() - started;
      if (isTerminal) write('\r\u001b[K');
    },
  };
  const results = await runSuite(plans, options, reporter);
  const passed = results.filter(({ judgement }) => judgement.verdict === 'pass').length;
  write(
    `     ${passed} of ${plans.length} cases passed: ${clientTime(results)} of its time in ${(wallMs / 1000).toFixed(1)} s\n`,
  );
  return results;
}

function closing(pairs: readonly Pair[], all: number, status: number, outDir: string): string {
  const failed = pairs.filter(({ field }) => field === 'fail').length;
  const wrong = pairs.filter((pair) => !isAsExpected(pair)).map(({ plan }) => plan.id);
  const verdict =
    status === 0
      ? `As expected: the reference client keeps every obligation, the RTM build fails the ${failed} cases that catch its bugs.`
      : `Not as expected: ${wrong.join(', ') || 'no case is expected to fail'}.`;
  return `
${verdict}
Traces are in ${outDir}. These were the suites ${STORY.join(', ')}: "npm start -- run --client ${FIELD_BUILD}" plays all ${all} cases,
"npm start -- run --help" tells how to test your own client.
`;
}
