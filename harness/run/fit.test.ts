import t from 'tap';
import type { ClientPlan } from '../case/plan.ts';
import { parseProfile } from '../client/profile.ts';
import { OFFLINE } from '../judge/judge.fixture.ts';
import { resultOf } from '../report/report.fixture.ts';
import { unfit, withPolicy } from './fit.ts';

/** Why a client with these abilities cannot play a case with that client; undefined: it can. */
function why(abilities: string, client: Partial<ClientPlan>): string | undefined {
  const { plan } = resultOf('', { clients: [{ ...OFFLINE, ...client }] });
  const text = `name: mine\ncommand: [./mine]\ntier: driven\n${abilities}`;
  return unfit(plan, parseProfile(text, 'my.yaml', '/here'));
}

t.test('a setting that not every client heeds needs an ability that the profile states', (t) => {
  t.equal(why('', {}), undefined);
  t.match(why('', { retryJitter: 0.5 }), /no ability "jitter"/);
  t.match(why('', { spoolRecords: 3 }), /no ability "spool-limit"/);
  const all = 'abilities: [offline, jitter, spool-limit]';
  t.equal(why(all, { retryJitter: 0.5, spoolRecords: 3 }), undefined);
  t.match(why(all, { mode: 'online' }), /no ability "online"/);
  t.end();
});

t.test('a client that states a spread of its own need not be told of one', (t) => {
  const { plan } = resultOf('', { clients: [{ ...OFFLINE, retryJitter: 0.5 }], dialect: 'opaque' });
  const profile = (policy: string) =>
    parseProfile(
      `name: mine\ncommand: [./mine]\ntier: black-box\nprotocol: opaque\nservers: { alpha: { upstream: a:1 }, bravo: { upstream: a:2 } }\npolicy: { attempts: 1, retryDelay: 5s, connectTimeout: 5s, answerTimeout: 5s${policy} }\n`,
      'my.yaml',
      '/here',
    );
  t.match(unfit(plan, profile('')), /no ability "jitter"/);
  t.equal(unfit(plan, profile(', jitter: 0.2')), undefined);
  const judged = withPolicy(plan, profile(', jitter: 0.2')).clients[0]!;
  t.match(judged, { retryJitter: 0.2, retryDelayNs: 5_000_000_000n }, 'and is judged by its own');
  t.end();
});
