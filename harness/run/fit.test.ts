import t from 'tap';
import type { ClientPlan } from '../case/plan.ts';
import { parseProfile } from '../client/profile.ts';
import { OFFLINE } from '../judge/judge.fixture.ts';
import { resultOf } from '../report/report.fixture.ts';
import { unfit } from './fit.ts';

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
