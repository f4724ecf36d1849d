// The page docs/ways-in/opaque.md, run as it stands, but for the ports of its real servers.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { startServers } from '../run/fixture/opaque/servers.fixture.ts';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-opaque-page-'));
const servers = await startServers(['alpha', 'bravo']);
t.teardown(async () => {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
});
const page = unpackPage('opaque.md', folder, (text) =>
  text
    .replace('127.0.0.1:1883', servers.at['alpha']!)
    .replace('127.0.0.1:1884', servers.at['bravo']!),
);

long('its client passes the suite that is played without a word on which', async (t) => {
  t.ok(page.includes('meterproof run --client ./broker-client.yaml'));
  const { status, out, err } = await meterproof(
    folder,
    ...['run', '--client', './broker-client.yaml', '--reporter', 'json'],
  );
  t.equal(err, '');
  t.equal(status, 0, out);
  const { cases } = JSON.parse(out) as { cases: { id: string; verdict: string }[] };
  t.ok(cases.length >= 6 && cases.every(({ id }) => id.startsWith('opaque/')));
  t.same(
    cases.filter(({ verdict }) => verdict !== 'pass'),
    [],
  );
});

t.test(
  'its TLS client passes too, with a certificate that the test authority has signed',
  async (t) => {
    const asked = servers.asked.get('bravo') ?? 0;
    const { status, out } = await meterproof(
      folder,
      ...['run', 'opaque/primary-refuses', 'opaque/primary-hangs', '--client', './tls-client.yaml'],
    );
    t.equal(status, 0, out);
    t.ok((servers.asked.get('bravo') ?? 0) > asked, 'the real server was asked, without TLS');
  },
);

t.test('in process it takes the test authority from its command', async (t) => {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  writeFileSync(
    join(folder, 'tls-thread.yaml'),
    read('tls-client.yaml')
      .replace('tls-client.mjs', 'tls-thread.mjs')
      .replace('"{server.alpha.tcp}"', '"{ca}", "{server.alpha.tcp}"'),
  );
  writeFileSync(
    join(folder, 'tls-thread.mjs'),
    `import { readFileSync } from 'node:fs';\n${read('tls-client.mjs')}`
      .replace('argv.slice(2)', 'argv.slice(3)')
      .replace('connect({ host', 'connect({ ca: readFileSync(process.argv[2]), host'),
  );
  const { status, out, err } = await meterproof(
    folder,
    ...['run', 'opaque/primary-refuses', 'opaque/primary-hangs', '--client', './tls-thread.yaml'],
    ...['--time', 'in-process'],
  );
  t.equal(status, 0, out + err);
});

t.test('its own case passes too', async (t) => {
  const { status, out } = await meterproof(
    folder,
    ...['run', '--client', './broker-client.yaml', '--suites', 'suites'],
  );
  t.equal(status, 0, out);
});

long('the servers that it lets Meterproof start serve its cases, and end with them', async (t) => {
  const { status, out, err } = await meterproof(
    folder,
    ...[
      'run',
      'opaque/primary-refuses',
      'opaque/primary-hangs',
      '--client',
      './started-client.yaml',
      '--repeat',
      '2',
    ],
  );
  t.equal(err, '');
  t.equal(status, 0, out);
  const said = /^time virtual, .* \(beta\)$/m.exec(page)![0];
  t.ok(out.includes(said), 'under the clock of the client, as the page says');
  t.match(out, /2 repeats, one trace/);
  t.same(running(join(folder, 'broker.mjs')), []);
});

/** Processes that were started with that word. */
function running(word: string): readonly string[] {
  const lines = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return lines.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}
