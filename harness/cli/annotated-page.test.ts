// The page docs/ways-in/annotated.md, run as it stands.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-annotated-page-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const page = unpackPage('annotated.md', folder);
const RUN = ['run', '--suites', 'suites', '--client'];
const profile = readFileSync(join(folder, 'lease-client.yaml'), 'utf8');
const change = (name: string, from: string, to: string): string => {
  writeFileSync(
    join(folder, name),
    profile.replace(from, () => to),
  );
  return `./${name}`;
};
const trace = (client: string): string =>
  readFileSync(join(folder, `.meterproof/${client}/leases/next-server-grants.jsonl`), 'utf8');

t.test(
  'what the client writes to stderr and to its log is seen on the servers that it names',
  async (t) => {
    t.ok(page.includes('meterproof run --client ./lease-client.yaml --suites suites'));
    const { status, out } = await meterproof(folder, ...RUN, './lease-client.yaml');
    t.equal(status, 0, out);
    t.match(trace('lease-client.yaml'), /"lease-grant".*"told-by":"stderr:1"/);
    t.match(trace('lease-client.yaml'), /"hello".*"told-by":"\{data\}\/client.log:1"/);
  },
);

t.test('without the pattern nothing is granted', async (t) => {
  const { status, out } = await meterproof(
    folder,
    ...RUN,
    change('deaf.yaml', 'granted lease', 'denied lease'),
  );
  t.equal(status, 1);
  t.match(out, /expect .*lease-grant/);
});

t.test('a server that the case does not have is the client’s word, no more', async (t) => {
  const client = change(
    'elsewhere.yaml',
    "(?<server>\\S+)'\n    event: lease-grant",
    "127'\n    server: delta\n    event: lease-grant",
  );
  const { status } = await meterproof(folder, ...RUN, client);
  t.equal(status, 1);
  t.match(trace('elsewhere.yaml'), /"said".*"event":"lease-grant","server":"delta"/);
});

long('a pattern without an end is an error of the profile, not of the client', async (t) => {
  const client = change(
    'endless.yaml',
    'granted lease (?<lease>\\S+) by (?<server>\\S+)',
    '^((?<server>[a-z0-9 .:]+)+)+!$',
  );
  const { status, out } = await meterproof(folder, ...RUN, client);
  t.equal(status, 2, out);
  t.match(out, /the patterns for stderr took more than 1000 ms/);
});

t.test('patterns that cannot be are told with their place', async (t) => {
  const told = async (from: string, to: string): Promise<string> =>
    (await meterproof(folder, ...RUN, change('wrong.yaml', from, to))).err;
  t.match(await told('(?<lease>\\S+)', '(?<lease'), /wrong\.yaml:\d+:\d+: .* a regular expression/);
  t.match(await told('event: hello', 'event: helo'), /wrong\.yaml:\d+:\d+: .*one of probe, hello/);
  t.match(await told('(?<server>\\S+)$', 'x$'), /nothing names the server/);
  t.match(await told('{data}/client.log', '{date}/client.log'), /nothing is known for \{date\}/);
  t.match(await told('protocol: opaque\n', ''), /annotations are for opaque clients/);
});
