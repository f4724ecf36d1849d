import t from 'tap';
import type { Plan } from '../case/plan.ts';
import type { TraceHeader } from '../trace/event.ts';
import { judge } from './judge.ts';
import { line, planOf, POSITION, traceOf } from './judge.fixture.ts';
import type { Judgement } from './verdict.ts';

const SAVED = `
  record r1 notepad.exe 10m 15m
  0s client start run=1
  0s alpha down fault=refuse
  10m client RUN notepad.exe 5m`;
const END = '7h harness end\n12h harness drained';
const MOVED = `${SAVED}\n4h alpha.share refused\n4h1ms bravo.share UPLOAD r1\n${END}`;
const STAYED = `${SAVED}\n4h alpha.share refused\n4h15m alpha.share refused\n${END}`;

const PLAN = planOf({
  rules: ['SWM-1'],
  expect: [
    line('4h..4h1m', 'alpha.share refused', '{1..2}'),
    line('..+2m', 'bravo.share upload-offer records=1'),
  ],
  never: [
    {
      window: {},
      pattern: { actor: '*', event: 'login-refused', fields: {} },
      min: 1,
      position: POSITION,
      text: '..  *  login-refused',
    },
  ],
  ledger: { counts: { delivered: 1, lost: 0 }, position: POSITION, text: 'delivered=1 lost=0' },
});

function judged(
  text: string,
  changes: Partial<Plan> = {},
  header: Partial<TraceHeader> = {},
): Judgement {
  return judge({ ...PLAN, ...changes }, traceOf(text, header));
}

/** The header of a run in real time on a machine that was so late. */
function late({ jitter = '0s', launch = '0s' }): Partial<TraceHeader> {
  return { time: 'real', lateness: { jitter, launch } };
}

t.test('a case passes when everything that it claims was seen', (t) => {
  const { verdict, reason, findings, rules, ledger } = judged(MOVED);
  t.match(
    { verdict, reason, findings, ledger },
    { verdict: 'pass', findings: [], ledger: { delivered: 1 } },
  );
  t.same(
    rules.map(({ id, version, state }) => `${id}/${version} ${state}`),
    [
      'SWM-1/1 kept',
      'RT-4/1 kept',
      'SF-1/1 kept',
      'SF-2/1 could-not-tell',
      'SF-5/1 could-not-tell',
      'SF-6/1 kept',
    ],
    'its own rules and the ones that are always on',
  );
  t.end();
});

t.test('findings stand in the order expect, never, ledger, rules, contract', (t) => {
  const text = `${STAYED}\n5h alpha.share login-refused\n6h client contract why=noise`;
  const { verdict, reason, findings } = judged(text);
  t.equal(verdict, 'fail');
  t.equal(reason, 'expect: ..+2m bravo.share upload-offer records=1 {1}: 1 missing');
  t.same(
    findings.map(({ what }) => what),
    ['expect', 'never', 'ledger', 'SWM-1', 'SF-1', 'contract'],
  );
  t.end();
});

t.test('expected lines see the play, not the drain', (t) => {
  t.match(judged(`${MOVED}\n8h alpha.share login-refused`), { verdict: 'pass' });
  const late = { expect: [line('8h..9h', 'bravo.share probe')] };
  t.match(judged(`${MOVED}\n8h bravo.share PROBE`, late), { verdict: 'fail' });
  t.end();
});

t.test('a broken rule alone fails a case; one that could not be told does not', (t) => {
  const silent = { expect: [], never: [] };
  const { ledger: _, ...unclaimed } = { ...PLAN, ...silent };
  t.equal(judge(unclaimed, traceOf(STAYED)).verdict, 'fail');
  const idle = `0s client start run=1\n${END}`;
  const { verdict, rules } = judge(unclaimed, traceOf(idle));
  t.match(
    { verdict, rules },
    { verdict: 'pass', rules: [{ id: 'SWM-1', state: 'could-not-tell' }] },
  );
  t.end();
});

t.test('what only an observer sees is never kept without one', (t) => {
  const blind = { observer: 'none' };
  t.match(judged(MOVED, {}, blind), {
    verdict: 'inconclusive',
    reason: /^line 12 names refused, and nothing saw/,
    findings: [],
  });
  t.match(judged(MOVED, { expect: [] }, blind), { verdict: 'pass' }, 'the rule saw enough');
  t.match(
    judged(`${SAVED}\n4h1ms bravo.share UPLOAD r1\n${END}`, { expect: [] }, blind),
    { verdict: 'inconclusive', reason: /^SWM-1: .*not recorded/ },
    'a rule that the case names',
  );
  t.match(judged(STAYED, {}, blind), { verdict: 'fail' }, 'what was seen to be broken is broken');
  const { never } = planOf({
    never: [
      {
        window: {},
        pattern: { actor: 'bravo', event: 'refused', fields: {} },
        min: 1,
        position: POSITION,
        text: '..  bravo  refused',
      },
    ],
  });
  t.match(judged(MOVED, { expect: [], never }, blind), { verdict: 'inconclusive' });
  t.end();
});

t.test('what a slow start could explain is inconclusive, and only that', (t) => {
  const text = `${SAVED}\n4h1m30s alpha.share refused\n4h2m bravo.share UPLOAD r1\n${END}`;
  const strict = { rules: [] };
  t.match(judged(text, strict), { verdict: 'fail', findings: [{ by: '30s too late' }] });
  t.match(judged(text, strict, late({ launch: '30s' })), { verdict: 'fail' });
  t.match(judged(text, strict, late({ launch: '30s', jitter: '1ms' })), {
    verdict: 'inconclusive',
    reason:
      'expect: it hangs on 30s, and the machine was up to 1ms late, and the client took up to 30s to start',
  });
  const slow = `${SAVED}\n4h alpha.share refused\n4h2m498ms bravo.share UPLOAD r1\n${END}`;
  t.match(
    judged(slow, strict, late({ launch: '10m' })),
    { verdict: 'fail', findings: [{ by: '500ms too late' }] },
    'from its own attempt on it is the client that is slow',
  );
  const expect = [line('..', 'client start'), line('+3h59m..+4h1m', 'alpha.share refused')];
  const afterStart: Partial<Plan> = { rules: [], expect, never: [] };
  t.match(
    judged(text, afterStart, late({ launch: '31s' })),
    { verdict: 'inconclusive' },
    'a step of the play waits for no client either',
  );
  t.match(judged(text, afterStart, late({ launch: '29s' })), { verdict: 'fail' });
  t.end();
});

t.test(
  'who came right behind a step of the play would have met another server, had the start been quicker',
  (t) => {
    const plan: Partial<Plan> = {
      rules: [],
      expect: [line('..', 'alpha.share refused'), line('..+2m', 'bravo.share refused')],
      never: [],
    };
    const came = (found: string, between = '') =>
      `${SAVED}\n4h alpha.share refused\n4h30s bravo up fault=refuse${between}\n4h30s600ms bravo.share ${found}\n${END}`;
    const slow = late({ launch: '590ms', jitter: '10ms' });
    const verdictOf = (text: string, header: Partial<TraceHeader>) =>
      judged(text, plan, header).verdict;
    t.equal(verdictOf(came('UPLOAD r1'), {}), 'fail');
    t.match(judged(came('UPLOAD r1'), plan, slow), {
      verdict: 'inconclusive',
      reason:
        'expect: it hangs on 600ms, and the machine was up to 10ms late, and the client took up to 590ms to start',
    });
    t.equal(verdictOf(came('UPLOAD r1'), late({ launch: '590ms' })), 'fail');
    t.equal(
      verdictOf(came('UPLOAD r1', '\n4h30s1ms bravo.share reset by=server'), slow),
      'fail',
      'the end of its connection told it',
    );
    const once = `0s client start run=1\n4h alpha.share refused\n${END}`;
    t.equal(verdictOf(once, slow), 'fail', 'it never came');
    const begun = `0s bravo down fault=refuse\n1ms client start run=1\n2ms alpha.share connect\n${END}`;
    t.equal(verdictOf(begun, slow), 'fail', 'it did not run yet');
    t.end();
  },
);

t.test(
  'what is missing was only late where it found a server up that it had found down before',
  (t) => {
    const plan: Partial<Plan> = {
      rules: [],
      expect: [line('0s..4h', 'alpha.share refused', '{2}')],
      never: [],
    };
    const came = (at: string, between = '') =>
      `${SAVED}\n3h alpha.share refused\n4h2ms alpha up fault=refuse${between}\n${at} alpha.share UPLOAD r1\n${END}`;
    const slow = late({ launch: '590ms', jitter: '10ms' });
    const verdictOf = (text: string, header: Partial<TraceHeader>) =>
      judged(text, plan, header).verdict;
    t.match(judged(came('4h230ms'), plan, slow), {
      verdict: 'inconclusive',
      reason:
        'expect: it hangs on 230ms, and the machine was up to 10ms late, and the client took up to 590ms to start',
    });
    t.equal(verdictOf(came('4h230ms'), {}), 'fail', 'in virtual time nothing is late');
    t.equal(verdictOf(came('4h611ms'), slow), 'fail', 'it was later than the machine');
    t.equal(
      verdictOf(
        came('5h600ms', '\n5h alpha down fault=refuse\n5h500ms alpha up fault=refuse'),
        slow,
      ),
      'fail',
      'a later step has nothing to do with it',
    );
    const bravo = { ...plan, expect: [line('0s..4h', 'bravo.share refused')] };
    t.equal(judged(came('4h230ms'), bravo, slow).verdict, 'fail', 'nor has another server');
    t.end();
  },
);

t.test('who was killed before it could answer is not blamed for what it never did', (t) => {
  const plan: Partial<Plan> = { rules: [], expect: [], never: [] };
  const trace = (answered: string) =>
    `0s client start run=1
10m client command id=1 name=start-program program=a.exe
10m client answer id=1 result=ok
15m client command id=2 name=stop-program program=a.exe${answered}
15m2s client kill
16m client start run=2
${END}
8h30m harness drained`;
  const slow = late({ launch: '3s' });
  t.match(judged(trace(''), plan), { verdict: 'fail', reason: /^ledger: / });
  t.match(judged(trace(''), plan, slow), {
    verdict: 'inconclusive',
    reason: /^ledger: it hangs on 2s, .* took up to 3s to start$/,
  });
  const hurried = late({ launch: '1s' });
  t.equal(judged(trace(''), plan, hurried).verdict, 'fail', 'it had the time');
  const answered = trace('\n15m1s client answer id=2 result=ok');
  t.equal(judged(answered, plan, slow).verdict, 'fail', 'it had answered');
  t.end();
});

t.test('who had not started when the case was over is not blamed for what it never did', (t) => {
  const trace = traceOf(`0s client start run=1
10m client command id=1 name=start-program program=a.exe
15m client command id=2 name=stop-program program=a.exe
${END}
12h client contract`);
  const why = 'it never answered command 2';
  const events = trace.events.map((event) =>
    event.event === 'contract' ? { ...event, fields: { why } } : event,
  );
  const plan = { ...PLAN, rules: [], expect: [line('..', 'alpha.share upload-accept')], never: [] };
  const said = (header: Partial<TraceHeader> = {}) =>
    judge(plan, { header: { ...trace.header, ...header }, events });
  t.equal(said().verdict, 'fail');
  t.match(said(late({ launch: '12h' })), {
    verdict: 'inconclusive',
    reason: /^expect: it hangs on 11h45m, .* took up to 12h to start$/,
  });
  t.equal(said(late({ launch: '11h' })).verdict, 'fail', 'it had the time');
  t.end();
});

t.test('who could not be told by a hook, as it had not started yet, is not blamed', (t) => {
  const plan: Partial<Plan> = {
    rules: [],
    expect: [line('..', 'alpha.share refused')],
    never: [],
  };
  const trace = traceOf(`0s client start run=1
500ms client command id=1 name=start-program program=a.exe
900ms client answer id=1 result=error
${END}`);
  const said = (why: string, header: Partial<TraceHeader> = {}) => {
    const events = trace.events.map((event) =>
      event.event === 'answer' ? { ...event, fields: { ...event.fields, why } } : event,
    );
    return judge({ ...PLAN, ...plan }, { header: { ...trace.header, ...header }, events });
  };
  const untold = 'the hook start-program ended with status 1';
  t.equal(said(untold).verdict, 'fail');
  t.match(said(untold, late({ launch: '600ms' })), {
    verdict: 'inconclusive',
    reason: /^expect: it hangs on 500ms, .* took up to 600ms to start$/,
  });
  t.equal(said(untold, late({ launch: '400ms' })).verdict, 'fail', 'it had started');
  t.equal(said('disk full', late({ launch: '600ms' })).verdict, 'fail', 'its own answer');
  t.end();
});

t.test('who had no time to answer, or to end, is not blamed', (t) => {
  const text = `${SAVED}\n4h bravo.share UPLOAD r1\n5h client command id=7 name=shutdown\n5h5s client contract why=x\n${END}`;
  const plan: Plan = { ...PLAN, rules: [], expect: [] };
  for (const why of ['it never answered command 7', 'it ignored the shutdown and was killed']) {
    const trace = traceOf(text);
    const events = trace.events.map((event) =>
      event.event === 'contract' ? { ...event, fields: { why } } : event,
    );
    const verdict = (header: Partial<TraceHeader>) =>
      judge(plan, { header: { ...trace.header, ...header }, events }).verdict;
    t.equal(verdict({}), 'fail');
    t.equal(verdict(late({ launch: '4s' })), 'fail');
    t.equal(verdict(late({ launch: '6s' })), 'inconclusive');
    t.equal(verdict(late({ jitter: '3s' })), 'inconclusive');
  }
  t.end();
});

t.test('what the jitter of the machine could explain is inconclusive', (t) => {
  const text = `${SAVED}\n4h alpha.share refused\n4h2m498ms bravo.share UPLOAD r1\n${END}`;
  const strict = { rules: [] };
  t.match(judged(text, strict), { verdict: 'fail', findings: [{ by: '500ms too late' }] });
  t.match(judged(text, strict, late({ jitter: '250ms' })), { verdict: 'fail' });
  t.match(judged(text, strict, late({ jitter: '251ms' })), {
    verdict: 'inconclusive',
    reason: 'expect: it hangs on 500ms, and the machine was up to 251ms late',
  });
  t.match(
    judged(STAYED, {}, late({ jitter: '1s' })),
    { verdict: 'fail' },
    'what does not hang on time is firm',
  );
  t.end();
});

t.test('what is missing at the end of the play was only late where it comes right behind', (t) => {
  const plan: Partial<Plan> = {
    rules: [],
    expect: [line('0s..9h', 'bravo.share probe')],
    never: [],
  };
  const trace = (rest: string) =>
    `${SAVED}\n4h bravo.share UPLOAD r1\n9h1ms harness end\n${rest}10h harness drained`;
  const slow = late({ jitter: '20ms', launch: '10ms' });
  const verdictOf = (rest: string, changes = plan) => judged(trace(rest), changes, slow).verdict;
  t.equal(verdictOf(''), 'fail', 'it never came');
  t.equal(verdictOf('9h45ms bravo.share PROBE\n'), 'inconclusive');
  t.equal(verdictOf('9h55ms bravo.share PROBE\n'), 'fail', 'it was later than the machine');
  const unbounded = { ...plan, expect: [line('0s..', 'bravo.share probe')] };
  t.equal(verdictOf('', unbounded), 'fail');
  t.equal(verdictOf('9h45ms bravo.share PROBE\n', unbounded), 'inconclusive');
  const two = { ...plan, expect: [line('0s..9h', 'bravo.share probe', '{2..}')] };
  t.equal(verdictOf('9h2ms bravo.share PROBE\n', two), 'fail', 'the second never came');
  t.end();
});

t.test('an ability that the client lacks', (t) => {
  const command =
    '10m client command id=1 name=start-program program=a.exe\n10m client answer id=1 result=unsupported';
  t.match(judged(`0s client start\n${command}\n${END}`), {
    verdict: 'unsupported',
    reason: 'the client does not support start-program',
    findings: [],
  });
  t.match(
    judged(`0s client start\n${command}\n1h alpha.pipe login-refused from=client\n${END}`),
    { verdict: 'unsupported', findings: [] },
    'what must not be seen may be what comes of the lack',
  );
  t.match(judged(`0s client start\n${command}\n1h client contract why=noise\n${END}`), {
    verdict: 'fail',
  });
  t.match(
    judged(`0s client answer id=0 result=unsupported why=offline\n${END}`),
    { verdict: 'unsupported', reason: /offline$/ },
    'one that cannot even start',
  );
  const madeUp =
    '1s client command id=1 name=made-up-8f3\n1s client answer id=1 result=unsupported';
  t.match(judged(`${madeUp}\n${MOVED}`), { verdict: 'pass' }, 'a made-up command must be refused');
  t.end();
});

t.test('a play or a trace that was not whole', (t) => {
  t.match(judged(`${SAVED}\n4h alpha.share refused\n4h1ms bravo.share UPLOAD r1`), {
    verdict: 'inconclusive',
    reason: 'the trace ends before the case did',
    findings: [],
  });
  t.match(
    judged(`${SAVED}\n4h alpha.share refused`),
    { verdict: 'inconclusive' },
    'nothing is missing yet',
  );
  t.match(judge(PLAN, { ...traceOf(MOVED), cutOff: true }), { verdict: 'inconclusive' });
  t.match(judged(`${MOVED}\n7h harness missed step=x`), {
    verdict: 'inconclusive',
    reason: 'the play waited in vain: x',
  });
  const full = `${SAVED}\n3h harness full why=full-by-3h`;
  t.match(
    judged(full),
    { verdict: 'inconclusive', reason: 'full-by-3h: let the play end sooner' },
    'nobody is at fault',
  );
  t.end();
});

t.test('the same plan and trace give the same judgement', (t) => {
  t.same(judged(STAYED), judged(STAYED));
  t.end();
});
