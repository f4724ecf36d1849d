import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { readCase } from '../case/load.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Plan } from '../case/plan.ts';
import type { Trace } from '../trace/event.ts';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../trace/vocabulary.ts';
import { parseCapture } from '../capture/capture-file.ts';
import { completed, inferPlan, parseSetting } from './infer-plan.ts';
import { replayAsJudge, unmet } from './judge-capture.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const caseOf = (id: string): Plan => readCase(`suites/${id}.yaml`, known, id);
const read = (file: string): Trace => parseCapture(readFileSync(file, 'utf8'), file, metering);
const FIXATION = 'captures/reference-rtm-offline-primary-refuses.jsonl';

/** As a capture of the wire has it: nothing of the harness, and another name of the client. */
function fromTheField({ header, events }: Trace): Trace {
  const { capture: _, ...plain } = header;
  const own = new Set([...Object.keys(SERVER_EVENTS), ...Object.keys(CLIENT_EVENTS)]);
  return {
    header: { ...plain, case: 'capture/field', observer: 'capture' },
    events: events.flatMap((event) =>
      own.has(event.event) || event.actor === 'harness'
        ? []
        : { ...event, ...(event.from !== undefined && { from: 'ws7' }) },
    ),
  };
}

t.test('each session of the corpus gets the verdicts that it carries', (t) => {
  const verdicts = new Set<string>();
  for (const name of readdirSync('captures').filter((file) => file.endsWith('.jsonl'))) {
    const trace = read(`captures/${name}`);
    const isRun = !trace.header.case.startsWith('capture/');
    const plan = isRun ? { plan: caseOf(trace.header.case) } : {};
    const { judgement } = replayAsJudge(trace, { file: name, ...plan });
    t.strictSame(unmet(trace.header.capture!.expect!, judgement), [], name);
    verdicts.add(judgement.verdict);
  }
  t.ok(verdicts.has('pass') && verdicts.has('fail'), 'the corpus has both');
  t.end();
});

t.test('an expectation that is not met is told', (t) => {
  const trace = read(FIXATION);
  const { judgement } = replayAsJudge(trace, { file: 'a', plan: caseOf(trace.header.case) });
  const wrong = unmet({ verdict: 'pass', rules: { 'SF-1': 'kept', 'XX-1': 'kept' } }, judgement);
  t.match(wrong[0], /^fail instead of pass \(/);
  t.match(wrong.join(), /XX-1 was not judged instead of kept/);
  t.end();
});

t.test(
  'a session from the field is judged by the rules: servers, mode and downtimes are inferred',
  (t) => {
    const trace = fromTheField(read(FIXATION));
    const plan = inferPlan(trace, 'field.jsonl');
    t.strictSame(
      plan.clients.map(({ name, mode }) => `${name} ${mode}`),
      ['ws7 offline'],
    );
    t.equal(plan.servers[0], 'alpha');
    const { events, places } = completed(trace, ['ws7']);
    t.equal(events[0]?.event, 'start');
    const down = events.findIndex(({ event }) => event === 'down');
    t.match(events[down], { actor: 'alpha', face: 'share', fields: { fault: 'refuse' } });
    t.equal(events[down + 1]?.event, 'refused', 'just before the attempt that shows it');
    t.equal(places[down], places[down + 1]);
    t.equal(trace.events[places[down]!]?.event, 'refused');
    t.end();
  },
);

t.test('a finding is told by the line of the file, not of what was supposed', (t) => {
  const trace = fromTheField(read(FIXATION));
  const replayed = replayAsJudge(trace, {
    file: 'field.jsonl',
    plan: caseOf('offline/primary-refuses'),
  });
  t.equal(replayed.judgement.verdict, 'fail');
  t.equal(
    replayed.plan.clients[0]?.name,
    'ws7',
    'the one client of the case is the one of the file',
  );
  for (const finding of replayed.judgement.findings) {
    const line = replayed.lineOf(finding);
    if (line !== undefined) t.ok(line >= 2 && line <= trace.events.length + 1);
  }
  t.end();
});

t.test('only the rules that are named are judged', (t) => {
  const { judgement } = replayAsJudge(read(FIXATION), { file: 'a', only: ['SF-1'] });
  t.strictSame(
    judgement.rules.map(({ id }) => id),
    ['SF-1'],
  );
  t.end();
});

t.test('a setting is read as in a case', (t) => {
  t.strictSame(parseSetting('retryDelay=15m'), { retryDelay: '15m' });
  for (const wrong of ['attempts=0', 'retryDelay=soon', 'colour=red', 'attempts'])
    t.throws(() => parseSetting(wrong));
  const { clients } = inferPlan(fromTheField(read(FIXATION)), 'a', parseSetting('attempts=7'));
  t.equal(clients[0]?.attempts, 7);
  t.end();
});
