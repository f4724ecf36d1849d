import t from 'tap';
import type { Plan } from '../case/plan.ts';
import type { Verdict } from '../judge/verdict.ts';
import { isCaught } from '../run/kill-matrix.ts';
import type { RunOptions } from '../run/run-suite.ts';
import { callWith } from './call.fixture.ts';
import { resultOf } from './result.fixture.ts';
import type { Surroundings } from './surroundings.ts';

type VerdictOf = (plan: Plan, options: RunOptions) => Verdict;

const caught: VerdictOf = (plan, { client }) => (isCaught(plan, client.bugs) ? 'fail' : 'pass');

async function demo(folder: string, verdictOf: VerdictOf) {
  const clients: string[] = [];
  const own: Partial<Surroundings> = {
    runSuite: (plans, options) => {
      clients.push(options.client.spec);
      return Promise.resolve(
        plans.map((plan) => {
          const verdict = verdictOf(plan, options);
          const state = verdict === 'fail' ? 'broken' : 'kept';
          const about = { version: 1, source: 'Q235786', state, why: '' } as const;
          const rules = plan.rules.map((id) => ({ id, ...about }));
          return resultOf(plan, verdict, rules);
        }),
      );
    },
  };
  const { status, out, errors } = await callWith(own, 'demo', '--out', folder);
  return { status, out, err: errors, clients };
}

t.test(
  'the demonstration plays the suites of the outages against both clients and shows the difference',
  async (t) => {
    const { status, out, err, clients } = await demo(t.testdir(), caught);
    t.notMatch(out, /^login\//m, 'a first look: the suites of the outages');
    t.match(out, /plays all 1\d\d cases/, 'how to get at the others');
    t.equal(err, '', 'the clients are built (npm run build)');
    t.equal(status, 0);
    t.same(clients, ['reference', 'reference:rtm']);
    t.match(out, /^offline\/primary-refuses +pass +FAIL$/m);
    t.match(out, /SWM-1 +the client/);
    t.match(out, /As expected/);
    t.notMatch(out, '\u001b', 'no colour without a terminal');
  },
);

t.test('it succeeds only when both clients came out as expected', async (t) => {
  const passes = await demo(t.testdir(), () => 'pass');
  t.equal(passes.status, 1, 'a field build that passes');
  t.match(passes.out, /Not as expected: .*offline\/primary-refuses/);
  const fails = await demo(t.testdir(), () => 'fail');
  t.equal(fails.status, 1, 'a reference client that fails');
  const unclear = await demo(t.testdir(), () => 'inconclusive');
  t.equal(unclear.status, 2);
});
