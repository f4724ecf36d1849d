import { formatDuration, fromMs } from '../clock/duration.ts';
import {
  type CaseResult,
  exitStatus,
  type Reporter,
  type RunInfo,
  type Summary,
} from '../run/result.ts';
import { formatFailure } from './failure.ts';
import { palette, type Palette } from './palette.ts';
import { type Outcome, outcomeOf, OUTCOMES, PAINT, summaryText } from './verdict-text.ts';

const OUTCOME_WIDTH = Math.max(...OUTCOMES.map((outcome) => outcome.length));
/** Told in a line: nobody has to look for their cause. */
const QUIET: ReadonlySet<Outcome> = new Set(['pass', 'unsupported', 'known']);

/** For people: a line a case while it runs, each failure with all that explains it, the summary last. */
export function consoleReporter(
  write: (text: string) => void,
  { isTerminal }: { readonly isTerminal: boolean },
): Reporter {
  const colors = palette(isTerminal);
  let total = 0;
  return {
    begin(info: RunInfo): void {
      total = info.total;
      write(`${colors.bold(info.client)}  ${infoText(info)}\n`);
      write(`${colors.dim(`time ${info.time}, ${info.timeWhy}`)}\n`);
      if (info.leavesOpen !== undefined) write(`${colors.dim(info.leavesOpen)}\n`);
      write('\n');
    },
    result(result: CaseResult, done: number): void {
      write(`${caseLine(result, done, total, colors)}\n`);
      if (!QUIET.has(outcomeOf(result.judgement))) write(`\n${formatFailure(result, colors)}\n\n`);
    },
    end(results: readonly CaseResult[], summary: Summary): void {
      write(`\n${closing(results, summary, total, colors)}\n`);
    },
  };
}

function infoText({ total, time, seed, epoch, workers }: RunInfo): string {
  return `${total} ${total === 1 ? 'case' : 'cases'}, time ${time}, seed ${seed}, epoch ${epoch}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}

function caseLine(
  { plan, judgement, clientMs, wallMs, repeats, differsInTls, notes }: CaseResult,
  done: number,
  total: number,
  colors: Palette,
): string {
  const outcome = outcomeOf(judgement);
  const place = `${done}`.padStart(`${total}`.length);
  const mark = PAINT[outcome](colors)(outcome.padEnd(OUTCOME_WIDTH));
  const said = outcome === 'unsupported' ? judgement.reason : judgement.known;
  const why = said === undefined ? '' : `  ${said}`;
  const but = differsInTls ? ' but for the bytes of TLS' : '';
  const same = repeats === undefined ? '' : `  ${repeats} repeats, one trace${but}`;
  // Of any other case they stand below, with the rest of what there is to say.
  const note = outcome === 'pass' && notes !== undefined ? `  note: ${notes.join('; ')}` : '';
  const times = colors.dim(`${clientTimeText(clientMs)} in ${(wallMs / 1000).toFixed(2)} s`);
  return `${colors.dim(`${place}/${total}`)}  ${mark}  ${plan.id}  ${times}${why}${same}${note}`;
}

function reasonOf({ plan, judgement }: CaseResult): readonly [what: string, why: string] {
  return [plan.id, judgement.known ?? judgement.reason ?? ''];
}

/** Each case has said it in its line: many of one reason, at one line of each file or another, are told once. */
function reasonsOf(results: readonly CaseResult[]): readonly (readonly [string, string])[] {
  const byReason = new Map<string, CaseResult[]>();
  for (const result of results) {
    const why = reasonOf(result)[1].replace(/\bline \d+: /, '');
    byReason.set(why, [...(byReason.get(why) ?? []), result]);
  }
  return [...byReason].map(([why, ofIt]) =>
    ofIt.length === 1 ? reasonOf(ofIt[0]!) : [`${ofIt.length} cases`, why],
  );
}

/** What did not pass, by verdict, then the counts and the exit status. */
function closing(
  results: readonly CaseResult[],
  summary: Summary,
  total: number,
  colors: Palette,
): string {
  const lines = OUTCOMES.filter((outcome) => outcome !== 'pass').flatMap((outcome) => {
    const ofIt = results.filter(({ judgement }) => outcomeOf(judgement) === outcome);
    const told = outcome === 'unsupported' ? reasonsOf(ofIt) : ofIt.map(reasonOf);
    return told.map(
      ([what, why]) =>
        `${PAINT[outcome](colors)(outcome.padEnd(OUTCOME_WIDTH))}  ${what}  ${colors.dim(why)}`,
    );
  });
  const clientMs = results.reduce((sum, result) => sum + result.clientMs, 0);
  const wallMs = results.reduce((sum, result) => sum + result.wallMs, 0);
  const left = total - results.length;
  const status = exitStatus(summary);
  // What was not run may fail: a run that was broken off has passed nothing but what it shows.
  const isStopped = left > 0 && status !== 1;
  const says = isStopped ? 'STOPPED' : { 0: 'PASSED', 1: 'FAILED', 2: 'COULD NOT TELL' }[status];
  const paint = isStopped
    ? colors.yellow
    : { 0: colors.green, 1: colors.red, 2: colors.yellow }[status];
  const { problems = [] } = summary;
  lines.push(
    ...problems.map((problem) => `${colors.red('error'.padEnd(OUTCOME_WIDTH))}  ${problem}`),
  );
  return [
    ...lines.map((line) => line.trimEnd()),
    ...(lines.length > 0 ? [''] : []),
    `${colors.bold(paint(says))}  ${summaryText(summary, colors)}${left > 0 ? `, ${left} not run` : ''}  ${colors.dim(`(${clientTimeText(clientMs)} of client time in ${(wallMs / 1000).toFixed(2)} s)`)}`,
  ].join('\n');
}

/** Whole seconds: nobody counts the milliseconds of a day. */
function clientTimeText(clientMs: number): string {
  return formatDuration(fromMs(Math.round(clientMs / 1000) * 1000));
}
