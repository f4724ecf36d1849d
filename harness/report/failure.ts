// Why a case did not pass, as text: everything that is needed to find the cause, in the order in which it is asked for.
import type { Position } from '../case/plan.ts';
import type { Finding } from '../judge/verdict.ts';
import type { CaseResult } from '../run/result.ts';
import type { TraceEvent } from '../trace/event.ts';
import { formatEvents } from '../trace/format.ts';
import type { Palette } from './palette.ts';
import { PAINT } from './verdict-text.ts';

/** Events of the trace that are shown before and behind the one that shows the fault. */
const AROUND = 6;
/** What breaks behind these is mostly their echo. */
const MAX_FINDINGS = 4;
const MAX_LISTED = 6;
const LABEL_WIDTH = 12;
/** Bytes tell a reader nothing here. */
const RAW: ReadonlySet<string> = new Set(['received', 'sent']);

/**
 * The case and its source; for each finding what broke, what was expected, what came, by how much, what matched before and
 * what could have come next, and the trace around it; the command that runs this one case again. No newline at the end.
 */
export function formatFailure(result: CaseResult, colors: Palette): string {
  const { plan, judgement, trace, tracePath, stderrTail, notes = [], again } = result;
  const { verdict, reason, findings } = judgement;
  const pattern = plan.pattern === undefined ? '' : `  ${plan.pattern}`;
  const lines = [
    `${PAINT[verdict](colors)(verdict.toUpperCase())}  ${colors.bold(plan.id)}  ${plan.title}`,
    ...row('source', [`${plan.source.join(', ')}${pattern}  (${plan.file})`], colors),
  ];
  if (reason !== undefined && (findings.length === 0 || verdict !== 'fail'))
    lines.push(...row('reason', [reason], colors));
  for (const finding of findings.slice(0, MAX_FINDINGS))
    lines.push('', ...findingLines(finding, result, colors));
  if (findings.length > MAX_FINDINGS)
    lines.push('', ...row('', [`and ${findings.length - MAX_FINDINGS} more that broke`], colors));
  if (findings.length === 0 && trace.events.length > 0)
    lines.push('', ...traceLines(trace.events, trace.events.length - 1, result, colors));
  if (notes.length > 0) lines.push('', ...row('note', notes, colors));
  if (stderrTail.length > 0 && (verdict !== 'fail' || findings.some(isContract)))
    lines.push('', ...row('stderr', stderrTail, colors));
  lines.push('', ...row('trace', [tracePath], colors), ...row('again', [again], colors));
  return lines.join('\n');
}

function isContract({ what }: Finding): boolean {
  return what === 'contract';
}

function findingLines(finding: Finding, result: CaseResult, colors: Palette): readonly string[] {
  const { what, position, claim, version, source, expected, actual, by, index } = finding;
  const { matched, legalNext } = finding;
  const rule = version === undefined ? what : `${what} version ${version}`;
  const from = source === undefined ? '' : ` (${source})`;
  const at = position ? `${placeText(position)}  ` : '';
  return [
    ...row('broke', [`${colors.bold(rule)}  ${at}${claim}${from}`], colors),
    ...row('expected', [expected], colors),
    ...row('came', [actual], colors),
    ...(by === undefined ? [] : row('by', [by], colors)),
    ...(matched ? row('matched', matched.length > 0 ? few(matched) : ['nothing yet'], colors) : []),
    ...(legalNext && legalNext.length > 0 ? row('legal next', few(legalNext), colors) : []),
    '',
    ...traceLines(result.trace.events, index, result, colors),
  ];
}

/** The trace around an event, in the notation of cases, with that line marked. */
function traceLines(
  events: readonly TraceEvent[],
  index: number | undefined,
  { plan, trace }: CaseResult,
  colors: Palette,
): readonly string[] {
  if (events.length === 0) return [];
  const shown = events.flatMap((event, place) => (RAW.has(event.event) ? [] : [{ event, place }]));
  // Bytes are not shown: what they belong to stands before them.
  const marked =
    index === undefined ? shown.length : shown.findLastIndex(({ place }) => place <= index);
  const first = Math.max(0, Math.min(marked, shown.length - 1) - AROUND);
  const around = shown.slice(first, marked + AROUND + 1);
  const texts = formatEvents(
    around.map(({ event }) => event),
    { from: plan.clients.length > 1 },
  );
  const head = `${trace.header.client}, time ${trace.header.time}, seed ${trace.header.seed}`;
  return [
    ...row('around it', [colors.dim(head)], colors),
    ...texts.map((text, row_) =>
      first + row_ === marked ? colors.red(`  > ${text}`) : `    ${text}`,
    ),
  ];
}

function row(label: string, texts: readonly string[], colors: Palette): readonly string[] {
  const indent = ' '.repeat(LABEL_WIDTH + 2);
  return texts.map((text, index) =>
    index === 0 ? `  ${colors.dim(label.padEnd(LABEL_WIDTH))}${text}` : `${indent}${text}`,
  );
}

/** The end of a list is what matters: the beginning matched long ago. */
function few(texts: readonly string[]): readonly string[] {
  const hidden = texts.length - MAX_LISTED;
  return hidden > 0 ? [`… ${hidden} before`, ...texts.slice(hidden)] : texts;
}

/** `suites/offline/primary-refuses.yaml:14` */
function placeText({ file, line }: Position): string {
  return `${file}:${line}`;
}
