import t from 'tap';
import type { NeverLine } from '../../case/plan.ts';
import { SECOND } from '../../clock/clock.ts';
import type { Finding } from '../verdict.ts';
import { eventsOf, line, POSITION } from '../judge.fixture.ts';
import { checkExpect } from './check.ts';
import { checkNever } from './never.ts';

const TRY = line('10m..1h', 'alpha.pipe refused', '{2}', { name: 'try' });

function found(window: string, pattern: string, text: string, min = 1): Finding | undefined {
  const events = eventsOf(text);
  const { window: bounds, pattern: parsed, text: claim } = line(window, pattern);
  const never: NeverLine = {
    window: bounds,
    pattern: parsed,
    min,
    position: POSITION,
    text: claim,
  };
  return checkNever(never, checkExpect([TRY], events, true).matcher, events);
}

const REFUSED = '10m alpha.pipe refused\n25m alpha.pipe refused';

t.test('a never line is broken by the first event that matches in its window', (t) => {
  t.match(
    found('0s..@try', 'bravo.pipe lease-request', `${REFUSED}\n24m59s bravo.pipe lease-request`),
    {
      what: 'never',
      expected: 'none from 0s to 25m',
      actual: '24m59s  bravo.pipe  lease-request',
      marginNs: SECOND,
      index: 1,
    },
  );
  t.notOk(
    found('0s..@try', 'bravo.pipe lease-request', `${REFUSED}\n25m1ms bravo.pipe lease-request`),
  );
  t.notOk(
    found('0s..@try', 'bravo.pipe lease-request', '1m bravo.pipe lease-request'),
    'no anchor, no window',
  );
  t.end();
});

t.test('with a count it is broken when the minimum is reached', (t) => {
  const twice = '1h alpha.share probe\n2h alpha.share probe';
  t.match(found('..', 'alpha.share probe', twice, 2), { by: 'this is number 2', index: 1 });
  t.notOk(found('..', 'alpha.share probe', twice, 3));
  t.end();
});

t.test('a variable that is bound nowhere is the same in all that is counted', (t) => {
  const offers = (second: string): string => `
    record r1 a.exe 1m 2m
    record r2 a.exe 3m 4m
    4h alpha.share upload-offer use=r1
    5h alpha.share upload-offer use=${second}`;
  t.match(found('..', '* upload-offer record=$r', offers('r1'), 2), { index: 1 });
  t.notOk(found('..', '* upload-offer record=$r', offers('r2'), 2));
  t.end();
});
