import t from 'tap';
import type { Plan } from '../case/plan.ts';
import { type KnownFailure, parseProfile } from '../client/profile.ts';
import { FAILS, PASSES, resultOf } from '../report/report.fixture.ts';
import { staleKnownFailures, withKnownFailures } from './known-failures.ts';
import type { CaseResult } from './result.ts';

function known(failures: string): { readonly knownFailures: readonly KnownFailure[] } {
  const text = `name: mine\ncommand: [./mine]\ntier: driven\nknownFailures: [${failures}]\n`;
  return parseProfile(text, 'my.yaml', '/here');
}

/** The case as it ends with that list. */
function concluded(failures: string, trace: string, changes: Partial<Plan> = {}): CaseResult {
  const result = resultOf(trace, changes);
  return {
    ...result,
    judgement: withKnownFailures(result.plan, result.judgement, known(failures)),
  };
}

const stale = (failures: string, ...results: readonly CaseResult[]): readonly string[] =>
  staleKnownFailures(
    results.map(({ plan }) => plan),
    known(failures),
    results,
  );

t.test('a failure is known by its case, its source, or a rule', (t) => {
  for (const subject of ['case: offline/primary-refuses', 'source: Q235786', 'rule: SWM-1'])
    t.equal(concluded(`{ ${subject}, reason: ticket }`, FAILS).judgement.known, 'ticket', subject);
  for (const subject of ['case: offline/other', 'source: Q1', 'rule: SWM-2'])
    t.equal(concluded(`{ ${subject}, reason: ticket }`, FAILS).judgement.known, undefined, subject);
  t.equal(
    concluded('{ rule: SF-1, reason: ticket }', FAILS).judgement.known,
    'ticket',
    'a rule that every case is judged by',
  );
  t.end();
});

t.test('a case that is named and passes is an error', (t) => {
  t.match(concluded('{ case: offline/primary-refuses, reason: ticket }', PASSES).judgement, {
    verdict: 'error',
    reason: 'a known failure passes (ticket): take it off the list of the profile (my.yaml:4)',
  });
  t.match(concluded('{ rule: SWM-1, reason: ticket }', PASSES).judgement, { verdict: 'pass' });
  t.end();
});

t.test('after a whole run, what matches no failure must go', (t) => {
  const fails = resultOf(FAILS);
  const passes = resultOf(PASSES);
  t.same(stale('{ rule: SWM-1, reason: ticket }', fails, passes), []);
  t.same(stale('{ rule: SWM-1, reason: ticket }', passes), [
    'my.yaml:4: the known failure of rule SWM-1 (ticket) matches no case that fails, of 1: take it off the list',
  ]);
  t.same(stale('{ source: Q1, reason: ticket }', fails), [
    'my.yaml:4: the known failure of source Q1 (ticket) matches no case: take it off the list',
  ]);
  t.same(stale('{ case: offline/other, reason: ticket }', fails), [
    'my.yaml:4: the known failure of case offline/other (ticket) matches no case: take it off the list',
  ]);
  t.same(
    stale('{ case: offline/primary-refuses, reason: ticket }', passes),
    [],
    'that is an error of the case',
  );
  t.end();
});
