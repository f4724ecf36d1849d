// How the demonstration looks.
import type { Verdict } from '../judge/verdict.ts';
import type { Palette } from '../report/palette.ts';
import type { BrokenRule, Pair } from './demo-report.ts';
import { isAsExpected } from './demo-report.ts';

const WIDTH = 100;

/** Both verdicts of each case that tells the clients apart, or came out otherwise than expected, which is marked; the others are counted. */
export function pairTable(pairs: readonly Pair[], field: string, colors: Palette): string {
  const shown = pairs.filter(
    (pair) => !isAsExpected(pair) || pair.reference !== 'pass' || pair.field !== 'pass',
  );
  const width = Math.max(0, ...shown.map(({ plan }) => plan.id.length)) + 2;
  const rows = shown.map((pair) => {
    const columns = [
      pair.plan.id.padEnd(width),
      verdictCell(pair.reference, 'reference'.length + 2, colors),
      verdictCell(pair.field, field.length + 2, colors),
      isAsExpected(pair) ? pair.broke.join(', ') : colors.red(`expected: pass, ${pair.expected}`),
    ];
    return columns.join('').trimEnd();
  });
  const head = `${'case'.padEnd(width)}reference  ${field}  broke`;
  const others = pairs.length - shown.length;
  const rest = others === 0 ? [] : [`and ${others} more that both pass`];
  return [...(rows.length === 0 ? [] : [colors.bold(head), ...rows]), ...rest, ''].join('\n');
}

function verdictCell(verdict: Verdict, width: number, colors: Palette): string {
  const text = (verdict === 'pass' ? verdict : verdict.toUpperCase()).padEnd(width);
  if (verdict === 'pass') return colors.green(text);
  return verdict === 'fail' ? colors.red(text) : colors.yellow(text);
}

/** Each obligation with the article that says so, and a case that showed it. */
export function brokenRulesText(rules: readonly BrokenRule[], colors: Palette): string {
  const width = Math.max(...rules.map(({ id }) => id.length)) + 2;
  return rules
    .map(({ id, obligation, source, cases }) => {
      const [first, ...rest] = wrap(obligation, WIDTH - width - 2);
      const shown = cases.length === 1 ? cases[0] : `${cases.length} cases, such as ${cases[0]}`;
      const lines = [...rest, `${colors.cyan(source)}  shown by ${shown}`];
      const indented = lines.map((line) => `${' '.repeat(width + 2)}${line}\n`);
      return `  ${colors.bold(id.padEnd(width))}${first}\n${indented.join('')}`;
    })
    .join('');
}

/** Breaks at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
