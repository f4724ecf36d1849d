// For tests of this folder: a dialect, a case around some lines, and errors at a marked place.
import type { Test } from 'tap';
import { CaseError } from './errors.ts';
import { type DialectLookup, type Known, loadCase } from './load.ts';
import type { ExpectLine, Plan } from './plan.ts';

export const DIALECT: DialectLookup = {
  name: 'metering',
  commands: ['restart', 'seats'],
  faces: [
    { name: 'pipe', answerFaults: { deny: ['why'], busy: [] } },
    { name: 'share', answerFaults: { '503': ['retry-after'] } },
  ],
  checkAnswerFault: (_face, { args }) =>
    args['why'] === 'mood' ? 'why=mood is none of no-seat, forbidden' : undefined,
};

export const KNOWN: Known = {
  rules: new Set(['SWM-1', 'SWM-3', 'SF-1']),
  dialects: [DIALECT],
  bugs: new Set(['primary-fixation']),
};

const HEAD = 'title: a case\nsource: Q235786\nservers: [alpha, bravo]\n';
const PLAY = 'play: |\n  0s  client  start\n  7h  end\n';
const EXPECT = 'expect: |\n  4h..4h1m  alpha.share  connect\n';

export function load(text: string): Plan {
  return loadCase(text, 'suites/offline/a-case.yaml', KNOWN);
}

/** A case with these lines under its head, and with a play and an expectation where they bring none. */
export function caseWith(fields: string): string {
  const has = (field: string): boolean => fields.startsWith(field) || fields.includes(`\n${field}`);
  const text = fields.endsWith('\n') ? fields : `${fields}\n`;
  return `${HEAD}${text}${has('play:') ? '' : PLAY}${has('expect:') ? '' : EXPECT}`;
}

/** A case with this step after the start of the client. */
export function caseWithStep(step: string): string {
  return caseWith(`play: |\n  0s  client  start\n  ${step}\n  7h  end`);
}

export function caseWithLine(line: string, before = ''): string {
  return caseWith(`expect: |\n${before}  ${line}`);
}

export function expectedLine(line: string, before = ''): ExpectLine {
  const item = load(caseWithLine(line, before)).expect.at(-1)!;
  if (item.kind !== 'line') throw new Error('this is a block');
  return item;
}

const MARK = '‸';

export type Mistake = readonly [marked: string, message: string];

/** Each text has one problem, at the place that `‸` marks, with a message that begins so. */
export function check(t: Pick<Test, 'equal' | 'end'>, mistakes: readonly Mistake[]): void {
  for (const [marked, message] of mistakes) {
    const before = marked.slice(0, marked.indexOf(MARK)).split('\n');
    const wanted = `${before.length}:${before.at(-1)!.length + 1}: ${message}`;
    const [first, ...others] = problemsIn(marked.replace(MARK, '')).map(
      ({ position, what, right }) => `${position.line}:${position.column}: ${what} — ${right}`,
    );
    t.equal([first?.slice(0, wanted.length), ...others].join('\n'), wanted, wanted);
  }
  t.end();
}

export function problemsIn(text: string): CaseError['problems'] {
  try {
    load(text);
    return [];
  } catch (error) {
    if (error instanceof CaseError) return error.problems;
    throw error;
  }
}
