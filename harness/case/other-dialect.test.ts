// A case that names no dialect is played with servers of any that has what it needs.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { caseWith, DIALECT, KNOWN } from './case.fixture.ts';
import { type DialectLookup, loadCase, readCaseFor } from './load.ts';

const SEATS: DialectLookup = {
  name: 'seats',
  faces: [{ name: 'pipe', answerFaults: { busy: [] } }],
  commands: ['seats'],
  records: false,
  events: ['lease-request', 'lease-grant', 'busy'],
};
const known = {
  ...KNOWN,
  dialects: [DIALECT, SEATS, { ...SEATS, name: 'mute', events: undefined }],
};
const GRANT = '  4h..4h1m  alpha.pipe  lease-grant\n';

/** The case as it is played with servers of that dialect. */
function playedWith(dialect: string, folder: string, fields: string) {
  const file = join(folder, 'a-case.yaml');
  writeFileSync(file, caseWith(fields));
  const { dialects, ...others } = known;
  const lookups = dialects.map(({ events, ...rest }) => ({ ...rest, ...(events && { events }) }));
  return readCaseFor(dialect, file, { ...others, dialects: lookups });
}

t.test('a case is read for the servers that the client has', (t) => {
  const plan = playedWith('seats', t.testdir(), `expect: |\n${GRANT}`);
  t.equal(plan.dialect, 'seats');
  t.equal(plan.withoutRecords, true);
  t.equal(plan.misfit, undefined);
  t.equal(playedWith('metering', t.testdir(), `expect: |\n${GRANT}`).dialect, 'metering');
  t.end();
});

t.test('what its servers lack makes it a misfit, and the case stays as it is written', (t) => {
  const step = (text: string) =>
    `play: |\n  0s  client  start\n  ${text}\n  7h  end\nexpect: |\n${GRANT}`;
  for (const [fields, why] of [
    ['', 'a server of seats has no face "share"'],
    ['expect: |\n  1h..2h  alpha.pipe  hello', 'a server of seats has no event "hello"'],
    [step('1h  alpha  down deny'), 'there is no fault "deny"'],
    [step('1h  alpha  down refuse for 2 hellos'), '"hellos" is not an event of a server'],
    [step('on alpha.pipe hello  alpha  down refuse'), 'a server of seats has no event "hello"'],
    [step('1h  alpha  restart state=lost'), 'a server of seats knows no restart'],
    [`expect: |\n${GRANT}ledger: delivered=1`, 'no usage records travel to a server of seats'],
  ] as const) {
    const plan = playedWith('seats', t.testdir(), fields);
    t.equal(plan.dialect, 'metering', why);
    t.equal(plan.misfit?.replace(/^line \d+: /, ''), why);
  }
  t.match(playedWith('seats', t.testdir(), step('1h  alpha  down deny')).misfit, /^line 6: /);
  t.end();
});

t.test('a case that names its dialect, and a dialect that names no events, stay apart', (t) => {
  const named = playedWith('seats', t.testdir(), `dialect: metering\nexpect: |\n${GRANT}`);
  t.equal(named.dialect, 'metering');
  t.equal(named.misfit, undefined);
  t.equal(playedWith('mute', t.testdir(), `expect: |\n${GRANT}`).dialect, 'metering');
  t.end();
});

t.test('a case for such a dialect is told what is wrong with it', (t) => {
  const wrong = caseWith('dialect: seats\nexpect: |\n  1h..2h  alpha.pipe  lease-grand');
  t.throws(
    () => loadCase(wrong, 'a.yaml', { ...KNOWN, dialects: [DIALECT, SEATS] }),
    /a\.yaml:6:23: .*"lease-grand" — did you mean "lease-grant"/,
  );
  t.end();
});
