import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { call } from './call.fixture.ts';

const FIXATION = 'captures/reference-rtm-offline-primary-refuses.jsonl';
const suites = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(suites, { recursive: true }));

const written = (name: string): string => readFileSync(join(suites, `${name}.yaml`), 'utf8');

t.test('a case is made of a capture, and is valid', async (t) => {
  const { status, errors } = await call('new', 'field/one', '--from', FIXATION, '--suites', suites);
  t.strictSame([status, errors], [0, '']);
  t.match(written('field/one'), /^# It breaks SWM-1, FO-2/m);
  t.match(written('field/one'), /alpha\.share {2}refused {2}\{5\} every 15m ±1m\n/);
  t.equal((await call('validate', join(suites, 'field/one.yaml'))).status, 0);
  const again = await call('new', 'field/one', '--from', FIXATION, '--suites', suites);
  t.match(again.errors, /is there already/);
});

t.test('from the wire: the case that is named, or settings, in place of guesses', async (t) => {
  const field = join(suites, 'field.jsonl');
  writeFileSync(
    field,
    readFileSync(FIXATION, 'utf8')
      .replace(/"case":"[^"]*"/, '"case":"capture/x"')
      .split('\n')
      .filter((line) => !/"actor":"(?:client|harness)"|"event":"(?:down|up)"/.test(line))
      .join('\n'),
  );
  const from = ['--from', field, '--suites', suites];
  t.equal((await call('new', 'field/two', ...from, '--setting', 'attempts=3')).status, 0);
  t.match(written('field/two'), /^client: \{ mode: offline, attempts: 3, retryDelay: 15m/m);
  t.notMatch(written('field/two'), /A guess: attempts/);
  t.match(written('field/two'), /A guess: retryDelay: attempts that failed are 15m apart/);
  const named = ['--case', 'offline/primary-refuses'];
  t.equal((await call('new', 'field/three', ...from, ...named)).status, 0);
  t.match(written('field/three'), /^servers: \[alpha, bravo\]$/m);
  t.match(written('field/three'), /^# It breaks SWM-1/m);
});

t.test('what no case can be made of is one message', async (t) => {
  const header = readFileSync(FIXATION, 'utf8').split('\n', 1)[0]!;
  const empty = join(suites, 'empty.jsonl');
  writeFileSync(empty, `${header.replace(/"case":"[^"]*"/, '"case":"capture/x"')}\n`);
  const wrong: readonly (readonly [from: string, message: RegExp])[] = [
    ['none.jsonl', /there is no file none\.jsonl/],
    ['package.json', /package\.json:1: not a trace/],
    [empty, /no case can be made of .*: nothing happens in it/],
  ];
  for (const [from, message] of wrong) {
    const { status, errors } = await call('new', 'field/none', '--from', from, '--suites', suites);
    t.equal(status, 2);
    t.match(errors, message);
  }
});

t.test('docs/captures.md shows what is written', async (t) => {
  const page = readFileSync('docs/captures.md', 'utf8');
  const [, args] = /^meterproof new (field\/monday --from captures\/\S+)$/m.exec(page)!;
  const { status } = await call('new', ...args!.split(' '), '--suites', suites);
  t.equal(status, 0);
  t.ok(page.includes(`\`\`\`yaml\n${written('field/monday')}\`\`\`\n`), written('field/monday'));
});
