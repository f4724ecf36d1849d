import type { Verdict } from '../judge/verdict.ts';
import type { Summary } from '../run/result.ts';
import type { Palette } from './palette.ts';

export const VERDICTS: readonly Verdict[] = [
  'pass',
  'fail',
  'unsupported',
  'inconclusive',
  'error',
];

export const PAINT: Readonly<Record<Verdict, (colors: Palette) => (text: string) => string>> = {
  pass: ({ green }) => green,
  fail: ({ red }) => red,
  unsupported: ({ cyan }) => cyan,
  inconclusive: ({ yellow }) => yellow,
  error: ({ red }) => red,
};

/** `12 passed, 2 failed, 1 inconclusive`; what did not occur is left out. */
export function summaryText(summary: Summary, colors: Palette): string {
  const words: Readonly<Record<Verdict, string>> = {
    pass: 'passed',
    fail: 'failed',
    unsupported: 'unsupported',
    inconclusive: 'inconclusive',
    error: summary.error === 1 ? 'error' : 'errors',
  };
  const parts = VERDICTS.filter((verdict) => summary[verdict] > 0).map((verdict) =>
    PAINT[verdict](colors)(`${summary[verdict]} ${words[verdict]}`),
  );
  return parts.length > 0 ? parts.join(', ') : PAINT.error(colors)('no case was judged');
}
