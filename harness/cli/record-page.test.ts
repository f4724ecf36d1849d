import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { addressOf } from '../record/recording.fixture.ts';
import { begin, type Session } from './session.fixture.ts';

const PAGE = readFileSync('docs/record.md', 'utf8');
const SERVERS = addressOf(70);
const RELAY = addressOf(71);
const folder = mkdtempSync(join(tmpdir(), 'meterproof-page-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A line of the page, with servers and clients at addresses of this test. */
function example(start: string): Session {
  const line = new RegExp(`^(?:\\$ )?meterproof (${start}.*)$`, 'm').exec(PAGE);
  if (!line) throw new Error(`no example of ${start}`);
  const args = line[1]!.replaceAll(/(?<==)(?:10\.0\.0\.1|127\.0\.0\.1)/g, SERVERS).split(' ');
  const listen = start.startsWith('serve') ? SERVERS : RELAY;
  const places = /^(?:serve|record --server)/.test(start) ? ['--listen', listen] : [];
  return begin(folder, ...args, ...places);
}

/** As the page shows it. */
function shown(text: string): string {
  return text.replaceAll(SERVERS, '127.0.0.1').replaceAll(RELAY, '127.0.0.1');
}

async function curl(): Promise<string> {
  const [, path] = /^\$ curl http:\/\/127\.0\.0\.1:17280(\S+)$/m.exec(PAGE)!;
  return new Promise((resolve, reject) => {
    get({ host: RELAY, port: 17_280, path, agent: false, headers: HEADERS }, (answer) => {
      let text = '';
      answer.on('data', (bytes: Buffer) => (text += bytes.toString()));
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
}
const HEADERS = { 'User-Agent': 'curl' };

t.test('docs/record.md: a server, a recording before it, a client, a verdict', async (t) => {
  const served = example('serve');
  await served.said('alpha.share  ');
  const recording = example('record --server alpha=127');
  await recording.places(2);
  t.equal(
    (await curl()).replaceAll('\r', ''),
    /^\$ curl .*\n([^]+?)```/m.exec(PAGE)![1],
    'what curl prints',
  );
  await served.said('probe  status=200');
  copyFileSync(join(folder, 'try.jsonl.raw'), join(folder, 'copy.raw'));
  recording.interrupt();
  t.equal(await recording.status, 0, recording.err());
  served.interrupt();
  t.equal(await served.status, 0, served.err());
  t.match(served.out(), /^\S+ {2}alpha\.share {2}connect\n\S+ {2}alpha\.share {2}received {2}/);
  for (const { groups } of PAGE.matchAll(
    /^\$ meterproof (?:serve|record).*\n(?<lines>(?:(?!```|\$).+\n)+)/gm,
  ))
    for (const line of groups!['lines']!.trimEnd().split('\n'))
      if (!line.startsWith('^C'))
        t.ok(
          shown(served.err() + recording.err()).includes(line.replace(/\d+ bytes.*/, '')),
          `${line}\n${recording.err()}`,
        );

  renameSync(join(folder, 'copy.raw'), join(folder, 'field.jsonl.raw'));
  const finished = example('record --finish');
  t.equal(await finished.status, 0, finished.err());
  const replayed = example('replay field');
  t.equal(await replayed.status, 0, replayed.out() + replayed.err());
  t.match(replayed.out(), /field\.jsonl {2}by the rules alone: servers alpha/);
});

t.test('docs/record.md: the command with which it begins', async (t) => {
  rmSync(join(folder, 'field.jsonl'), { force: true });
  const recording = example('record --server alpha=10');
  t.equal((await recording.places(2)).length, 2);
  recording.interrupt();
  t.equal(await recording.status, 0, recording.err());
  t.match(PAGE, shown(recording.err()).split('  server:')[0], 'what it prints');
});

t.test(
  'meterproof serve --case plays the downtimes, and says what it wants of the client',
  async (t) => {
    const args = ['--case', 'offline/primary-refuses', '--scale', '10000000'];
    const served = begin(folder, 'serve', ...args, '--listen', SERVERS);
    await served.said('harness  end');
    served.interrupt();
    t.equal(await served.status, 0);
    t.match(served.err(), `bravo.share  ${SERVERS}:7281\n`);
    t.match(
      served.out(),
      /^0s {2}alpha {2}down {2}fault=refuse\nnow: client {2}start\nnow: client {2}run notepad/,
    );
    for (const [wrong, problem] of [
      [['--case', 'offline/none'], /offline\/none/],
      [['--case', 'offline/primary-refuses', '--server', 'x'], /the case names its servers/],
      [['--scale', '0'], /a whole number from 1 on/],
      [['--dialect', 'opaque'], /has no servers of its own/],
      [['--listen', '192.0.2.1'], /--listen: .*EADDRNOTAVAIL/],
    ] as const) {
      const { status, err } = begin(folder, 'serve', ...wrong);
      t.equal(await status, 2, wrong.join(' '));
      t.match(err(), problem);
    }
  },
);
