import type { Judgement, Verdict } from '../judge/verdict.ts';
import type { Summary } from '../run/result.ts';
import type { Palette } from './palette.ts';

/** What a report says of a case: its verdict, or that its failure is known. */
export type Outcome = Verdict | 'known';

export const OUTCOMES: readonly Outcome[] = [
  'pass',
  'fail',
  'known',
  'unsupported',
  'inconclusive',
  'error',
];

export const PAINT: Readonly<Record<Outcome, (colors: Palette) => (text: string) => string>> = {
  pass: ({ green }) => green,
  fail: ({ red }) => red,
  known: ({ cyan }) => cyan,
  unsupported: ({ cyan }) => cyan,
  inconclusive: ({ yellow }) => yellow,
  error: ({ red }) => red,
};

export function outcomeOf({ verdict, known }: Judgement): Outcome {
  return known === undefined ? verdict : 'known';
}

/** `12 passed, 2 failed, 1 known, 1 inconclusive`; what did not occur is left out. */
export function summaryText(summary: Summary, colors: Palette): string {
  const words: Readonly<Record<Outcome, string>> = {
    pass: 'passed',
    fail: 'failed',
    known: summary.known === 1 ? 'known failure' : 'known failures',
    unsupported: 'unsupported',
    inconclusive: 'inconclusive',
    error: summary.error === 1 ? 'error' : 'errors',
  };
  const parts = OUTCOMES.filter((outcome) => summary[outcome] > 0).map((outcome) =>
    PAINT[outcome](colors)(`${summary[outcome]} ${words[outcome]}`),
  );
  return parts.length > 0 ? parts.join(', ') : PAINT.error(colors)('no case was judged');
}
