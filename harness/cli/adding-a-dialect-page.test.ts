// The page docs/adding-a-dialect.md, run as it stands.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-desk-'));
const page = unpackPage('../adding-a-dialect.md', folder);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const commands = [...page.matchAll(/^```sh\nmeterproof (.+)$/gm)].map((match) =>
  match[1]!.split(' '),
);

long('built-in cases are played with its dialect, and its client passes them', async (t) => {
  const { status, out } = await meterproof(folder, ...commands[0]!);
  t.equal(status, 0, out);
  t.match(out, /3 passed/);
});

t.test('the mistake that it names is failed by the rule that it names', async (t) => {
  const sound = readFileSync(join(folder, 'desk-client.mjs'), 'utf8');
  const broken = sound.replace('attempt <= attempts', 'attempt < attempts');
  t.not(broken, sound);
  writeFileSync(join(folder, 'short.mjs'), broken);
  const profile = readFileSync(join(folder, 'desk-client.yaml'), 'utf8');
  writeFileSync(join(folder, 'short.yaml'), profile.replaceAll('desk-client', 'short'));
  const { status, out } = await meterproof(
    folder,
    ...['run', '--client', './short.yaml', 'online/attempts-counted-and-spaced-before-switch'],
  );
  t.equal(status, 1);
  t.match(out, /broke +SWM-3/);
  t.match(out, /1 too few/);
});

t.test('what its servers lack is said, with the line of the case', async (t) => {
  const { out } = await meterproof(
    folder,
    ...['run', '--client', './desk-client.yaml', 'offline/primary-refuses'],
  );
  const said =
    /the servers of the client speak desk: line \d+: a server of desk has no face "share"/;
  t.match(out, said);
  t.match(page, said);
});

long(
  'a trace of it is replayed from its bytes; one that says something else is refused',
  async (t) => {
    const [, replay] = commands;
    const { status, out } = await meterproof(folder, ...replay!);
    t.equal(status, 0, out);
    t.match(out, /^PASS/);
    const file = join(folder, replay!.at(-1)!);
    t.ok(readdirSync(join(folder, '.meterproof')).length > 0);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"event":"lease-deny"', '"event":"lease-grant"'));
    const lie = await meterproof(folder, ...replay!);
    t.equal(lie.status, 2);
    t.match(lie.err, /jsonl:\d+/);
  },
);
