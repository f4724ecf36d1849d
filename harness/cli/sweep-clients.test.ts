// A sweep takes a client as a run does: its dialect, its rules, what its profile states, and what it cannot play.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { startServers } from '../run/fixture/opaque/servers.fixture.ts';
import { meterproof, type Said, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-sweep-'));
const servers = await startServers(['alpha', 'bravo']);
t.teardown(async () => {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
});

const script = join(import.meta.dirname, '../run/fixture/opaque/list-client.mjs');
function opaque(policy: string, upstreams: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(upstreams).map(([name, at]) => `  ${name}: { upstream: ${at} }`);
  const text = `name: mine
protocol: opaque
command: [node, ${JSON.stringify(script)}, nothing]
tier: black-box
servers:
${lines.join('\n')}
policy: { ${policy} }
`;
  writeFileSync(join(folder, 'mine.yaml'), text);
  return './mine.yaml';
}

const CONFIGURED =
  'attempts: 1, retryDelay: configured, connectTimeout: configured, answerTimeout: configured';
const sweep = (...words: readonly string[]): Promise<Said> =>
  meterproof(folder, 'sweep', ...words, '--samples', '2', '--max-runs', '2', '--json');
interface Result {
  readonly regimes: readonly {
    readonly verdict: string;
    readonly brokenRules?: readonly string[];
  }[];
}

long('what an opaque client states in its profile judges it', async (t) => {
  const words = ['opaque/no-storm-while-all-reset', '--outage', '1m..2m', '--client'];
  const own = await sweep(...words, opaque(CONFIGURED, servers.at));
  t.equal(own.status, 0, own.out + own.err);
  const judged = await sweep(...words, opaque(`${CONFIGURED}, attemptsPerMinute: 1`, servers.at));
  t.equal(judged.status, 1, judged.out + judged.err);
  t.match(judged.out, /RT-4/);
});

t.test(
  'a case that the client cannot play is told, with the reason that a run gives',
  async (t) => {
    const { status, err } = await sweep(
      ...['opaque/no-storm-while-all-reset', '--outage', '1m..2m', '--client'],
      opaque(CONFIGURED, { alpha: servers.at['alpha'] }),
    );
    t.equal(status, 2);
    t.match(
      err,
      /cannot play opaque\/no-storm-while-all-reset: the profile names no upstream for bravo/,
    );
    const other = await sweep(
      ...['offline/primary-refuses', '--outage', '1m..2m', '--client'],
      opaque(CONFIGURED, servers.at),
    );
    t.match(
      other.err,
      /the case is written for servers of metering, and this client speaks opaque/,
    );
  },
);

t.test('what the client does not take from a case cannot be varied', async (t) => {
  const { status, err } = await sweep(
    ...['opaque/no-storm-while-all-reset', '--attempts', '1..3', '--client'],
    opaque(CONFIGURED, servers.at),
  );
  t.equal(status, 2);
  t.match(
    err,
    /has attempts of its own \(policy: in its profile\).*--attempts would change nothing/,
  );
  const delay = await sweep(
    ...['opaque/no-storm-while-all-reset', '--retry-delay', '10s..20s', '--client'],
    opaque(CONFIGURED, servers.at),
  );
  t.equal(delay.status, 0, delay.out + delay.err);
});

t.test('a dialect and rules of one’s own', async (t) => {
  unpackPage('dialect.md', folder);
  const own = [
    '--suites',
    'suites',
    '--client',
    './line-client.yaml',
    '--rules',
    './line-rules.ts',
  ];
  const { status, out, err } = await sweep('line/primary-refuses', '--outage', '10s..1m', ...own);
  t.equal(status, 0, out + err);
  t.ok((JSON.parse(out) as Result).regimes.length > 0);
});
