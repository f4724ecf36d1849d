import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { metering } from '../../emulators/metering/index.ts';
import { runSuite } from '../run/run-suite.ts';
import { callWith } from './call.fixture.ts';
import { addressesOf } from './replay-as.ts';

const GOOD = 'captures/reference-offline-primary-refuses.jsonl';
const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const meterproof = (...args: readonly string[]) =>
  callWith({ searchPath: process.env['PATH'] ?? '', runSuite }, ...args);
const call = (...args: readonly string[]) => meterproof('replay', ...args);

const asServers = (...args: readonly string[]) =>
  call(...args, '--as', 'servers', '--time', 'in-process', '--out', folder);

function changed(name: string, change: (text: string) => string): string {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(GOOD, 'utf8')));
  return path;
}

long(
  'as servers: the same build is the same, another is different or asks what nobody knows',
  async (t) => {
    const same = await asServers(GOOD, '--client', 'reference');
    t.strictSame([same.status, same.errors], [0, '']);
    t.match(
      same.out,
      /^SAME {2}captures\/\S+ {2}played to reference, time virtual \(in process\)\n/,
    );
    const path = /trace: (.+)/.exec(same.out)?.[1] ?? '';
    t.match(readFileSync(path, 'utf8').split('\n')[0], /"case":"offline\/primary-refuses"/);
    const other = await asServers(
      'captures/reference-sp1-online-attempts-counted-and-spaced-before-switch.jsonl',
      '--client',
      'reference:sp2',
    );
    t.equal(other.status, 0, 'SP2 has the bug of SP1');
    const lost = await asServers(GOOD, '--client', 'reference:rtm');
    t.equal(lost.status, 2);
    t.match(lost.out, /^INCONCLUSIVE /);
    t.match(lost.out, / {2}8h7ms {2}alpha\.share {2}upload notepad\.exe \(and 6 times more\)\n/);
    const line = Number(/requests to alpha\.share: (\d+)/.exec(lost.out)?.[1]);
    t.match(readFileSync(GOOD, 'utf8').split('\n')[line - 1], /"face":"share","event":"received"/);
    t.match(
      lost.out,
      /differences until 8h7ms:\n[^]*client: 0 instead of 3 attempts on bravo\.share/,
    );
  },
);

t.test('as servers: a difference without a strange request is exit status 1', async (t) => {
  const capture = 'captures/reference-online-attempts-counted-and-spaced-before-switch.jsonl';
  const { status, out } = await asServers(capture, '--client', 'reference:gap-halved');
  t.equal(status, 1);
  t.match(out, /^DIFFERENT /);
  t.match(out, /gaps on alpha\.pipe .* instead of /);
});

t.test('as a client: the same answers, or the line where they differ', async (t) => {
  const same = await call(GOOD, '--as', 'client');
  t.strictSame([same.status, same.errors], [0, '']);
  t.match(same.out, /^SAME .*sent to emulated servers\n {2}8 of 8 connection attempts compared\n/);
  const away = await call(GOOD, '--as', 'client', '--server', 'bravo=127.0.0.1:9/share');
  t.equal(away.status, 1);
  t.match(away.out, /refuses\.jsonl:\d+ {2}4h\S+ {2}bravo\.share {2}connect/);
  t.match(away.out, /bravo\.share recorded {2}accepted\n {4}bravo\.share now {7}refused/);
});

t.test('of another dialect the case knows which servers were recorded', async (t) => {
  const id = 'relay/unknown-pool-is-final';
  const time = ['--time', 'in-process', '--out', folder];
  t.equal((await meterproof('run', id, '--client', 'relay', ...time)).status, 0);
  const { status, out, errors } = await call(join(folder, `relay/${id}.jsonl`), '--as', 'client');
  t.strictSame([status, errors], [0, '']);
  t.match(out, /^SAME /);
});

t.test('wrong use and damaged files are one message', async (t) => {
  const cut = changed('cut.jsonl', (text) => text.slice(0, -30));
  t.match((await call(cut, '--as', 'client')).errors, /its last line is cut off/);
  const clientOnly = changed('client.jsonl', (text) =>
    text.replaceAll(/^.*"event":"(?:sent|refused|probe|upload-accept|configuration)".*\n/gm, ''),
  );
  const broken = changed('broken.jsonl', (text) =>
    text.replace('"event":"upload-offer"', '"event":'),
  );
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[clientOnly, '--as', 'servers'], /client\.jsonl: .*the server side was not recorded/],
    [[broken, '--as', 'servers'], /broken\.jsonl:\d+: not JSON/],
    [[GOOD, '--as', 'servers', '--server', 'alpha=1.2.3.4'], /--server is for --as client/],
    [[GOOD, '--as', 'client', '--client', 'reference'], /--client is for --as servers/],
    [[GOOD, '--as', 'client', '--time', 'real'], /emulated servers are asked in virtual time/],
    [
      [GOOD, '--as', 'client', '--server', 'alpha'],
      /"alpha" is not like alpha=127\.0\.0\.1:7280\/share/,
    ],
    [
      [GOOD, '--as', 'client', '--server', 'zulu=127.0.0.1'],
      /nothing in it was sent to zulu\.pipe/,
    ],
    [[GOOD, '--as', 'both'], /Allowed choices are servers, client/],
    [[GOOD, '--as', 'client', '--expect'], /--expect is about verdicts/],
    [[GOOD, '--server', 'alpha=1.2.3.4'], /--server needs --as client/],
    [[GOOD, '--as', 'servers', '--client', 'none'], /none/],
  ];
  for (const [args, message] of wrong) {
    const { status, errors } = await call(...args);
    t.equal(status, 2, args.slice(1).join(' '));
    t.match(errors, message);
  }
});

t.test('a server is named with its face, with the port of a face, or with all of them', (t) => {
  const told = (text: string) =>
    addressesOf(text, metering).map(
      ({ server, face, host, port }) => `${server} ${face} ${host} ${port}`,
    );
  t.strictSame(told('alpha=127.0.0.1:9000/share'), ['alpha share 127.0.0.1 9000']);
  t.strictSame(told('alpha=lic.example:7230'), ['alpha pipe lic.example 7230']);
  t.strictSame(told('alpha=[::1]'), ['alpha pipe ::1 7230', 'alpha share ::1 7280']);
  for (const text of ['alpha=127.0.0.1:9000', 'alpha=1.1.1.1:0/pipe', 'alpha=1.1.1.1/door', '=x'])
    t.throws(() => addressesOf(text, metering), /--server: /);
  t.end();
});
