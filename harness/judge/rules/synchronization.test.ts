// SWM-6 and SWM-9 on hand-made traces: when a client synchronizes.
import t from 'tap';
import { check, OFFLINE, planOf } from '../judge.fixture.ts';
import { SWM_6 } from './swm-6.ts';
import { SWM_9 } from './swm-9.ts';

const plan = planOf({ clients: [OFFLINE] });
const END = '20h harness end\n25h harness drained';
const SAVED = `
  record r1 notepad.exe 10m 15m
  0s client start run=1
  10m client RUN notepad.exe 5m`;
const PASS = (at: string): string => `${at} alpha.share PROBE\n${at} alpha.share CONFIG`;

t.test('SWM-6: uploads follow elapsed time when a clock is set', (t) => {
  const back = `${SAVED}\n1h client clock by=-1d`;
  const done = `4h alpha.share UPLOAD r1\n${['8h', '12h', '16h'].map(PASS).join('\n')}`;
  t.match(check(SWM_6, plan, `${back}\n${done}\n${END}`), {
    state: 'kept',
    why: '1h  client  clock  by=-1d, next share attempt at 4h',
  });
  t.match(check(SWM_6, plan, `${back}\n${END}`), {
    state: 'broken',
    why: 'the uploads have stopped',
  });
  t.match(check(SWM_6, plan, `${back}\n9h alpha.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: /too late$/,
  });
  t.match(
    check(SWM_6, plan, `${back}\n${['4h', '8h', '12h', '16h'].map(PASS).join('\n')}\n${END}`),
    { state: 'broken', finding: { actual: 'none: there was saved usage, and that server was up' } },
    'to ask for the configuration is not to upload',
  );
  const server = `${SAVED}\n1h alpha clock-skew by=+1d`;
  t.match(check(SWM_6, plan, `${server}\n${done}\n${END}`), { state: 'kept' });
  t.match(check(SWM_6, plan, `${server}\n${END}`), { state: 'broken' }, 'that of a server too');
  t.end();
});

t.test('SWM-6: a clock set forward does not flood', (t) => {
  const forward = `${SAVED}\n1h client clock by=+1d`;
  t.match(check(SWM_6, plan, `${forward}\n1h alpha.share UPLOAD r1\n${END}`), {
    state: 'broken',
    why: '3h too soon',
  });
  const later = `${SAVED}\n4h alpha.share UPLOAD r1\n5h client clock by=+1d\n6h alpha.share PROBE`;
  t.match(check(SWM_6, plan, `${later}\n${END}`), { state: 'broken', why: '2h too soon' });
  const retries = `${SAVED}\n0s alpha down fault=refuse\n0s bravo down fault=refuse\n3h client clock by=+1d
    4h alpha.share refused\n4h bravo.share refused\n4h15m alpha.share refused\n4h30m bravo.share refused\n8h alpha.share refused`;
  t.match(check(SWM_6, plan, `${retries}\n${END}`), { state: 'kept' }, 'retries are no flood');
  t.end();
});

t.test('SWM-6: what cannot be told', (t) => {
  t.match(check(SWM_6, plan, `${SAVED}\n4h alpha.share UPLOAD r1\n${END}`), {
    state: 'could-not-tell',
    why: 'no clock was set',
  });
  const late = `${SAVED}\n4h alpha.share UPLOAD r1\n24h client clock by=-1d`;
  t.match(check(SWM_6, plan, `${late}\n${END}`), { state: 'could-not-tell' });
  const hidden = `${SAVED}\n0s alpha down fault=refuse\n0s bravo down fault=refuse\n1h client clock by=-1d`;
  t.match(check(SWM_6, plan, `${hidden}\n${END}`, false), { missing: 'observer' });
  const silenced = `${SAVED}\n30m alpha.share PROBE-503+36000\n1h client clock by=-1d`;
  t.match(check(SWM_6, plan, `${silenced}\n${END}`), { state: 'could-not-tell' }, 'RT-5 wins');
  t.end();
});

t.test('SWM-9: a failed download spoils nothing', (t) => {
  const failed = `${SAVED}\n4h alpha.share UPLOAD r1\n4h6ms alpha.share CONFIG-503`;
  const next = '4h8ms bravo.share PROBE\n4h12ms bravo.share CONFIG';
  t.match(check(SWM_9, plan, `${failed}\n${next}\n${PASS('8h')}\n${END}`), {
    state: 'kept',
    why: '1 failed download: alpha at 4h8ms, metering went on at 8h',
  });
  t.match(check(SWM_9, plan, `${failed}\n4h10ms bravo.share UPLOAD r1\n${PASS('8h')}\n${END}`), {
    state: 'broken',
    why: 'the upload was repeated',
  });
  const loop = [...Array(10).keys()].map((n) => `${4 * 60 + 10 * n}m alpha.share CONFIG-503`);
  t.match(check(SWM_9, plan, `${SAVED}\n${loop.join('\n')}\n${END}`), {
    state: 'broken',
    finding: { expected: 'at most 6 downloads within 4h' },
  });
  t.match(check(SWM_9, plan, `${failed}\n${next}\n${END}`), {
    state: 'broken',
    why: 'the synchronizations have stopped',
  });
  t.end();
});

t.test('SWM-9: a download that breaks off has failed too', (t) => {
  const cut = `${SAVED}\n4h alpha.share connect conn=7\n4h alpha.share received conn=7
    4h alpha.share configuration conn=7 version=1\n4h alpha.share answer-lost conn=7\n4h alpha.share reset conn=7 by=server`;
  t.match(check(SWM_9, plan, `${cut}\n${PASS('8h')}\n${END}`), { state: 'kept' });
  t.match(check(SWM_9, plan, `${cut}\n${END}`), { state: 'broken' });
  t.match(check(SWM_9, plan, `${SAVED}\n${PASS('4h')}\n${END}`), { state: 'could-not-tell' });
  t.match(
    check(SWM_9, plan, `${cut}\n5h client kill\n${END}`),
    { state: 'could-not-tell' },
    'it did not live on',
  );
  t.end();
});
