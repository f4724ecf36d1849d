// The examples of docs/client-contract.md are one configuration in four forms; the client must be able to use it.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseDocument } from 'yaml';
import { BUGS } from './bugs.ts';
import { readConfiguration } from './configuration.ts';

const profileText = readFileSync('clients/profiles/reference.yaml', 'utf8');
const document = readFileSync('docs/client-contract.md', 'utf8');
const [, json = '', env = '', cfg = ''] =
  /```json\n(.*?)```.*?```\n(METERPROOF_.*?)```.*?```ini\n(.*?)```/s.exec(document) ?? [];

t.test('the JSON file of the document starts the reference client', (t) => {
  const configuration = readConfiguration(JSON.parse(json));
  t.equal(configuration.servers[1]?.share.port, 8480);
  t.equal(configuration.retryDelayMs, 900_000);
  t.end();
});

t.test('the environment of the document says the same', (t) => {
  const { servers, ...single } = JSON.parse(json);
  const expected = new Map<string, string>();
  for (const [name, value] of Object.entries(single))
    expected.set(name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), String(value));
  expected.set('SERVERS', servers.map(({ name }: { name: string }) => name).join(','));
  for (const { name, pipe, share } of servers)
    expected
      .set(`SERVER_${name.toUpperCase()}_PIPE`, pipe)
      .set(`SERVER_${name.toUpperCase()}_SHARE`, share);

  const variables = new Map(
    [...env.matchAll(/^METERPROOF_(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  for (const path of ['CONFIG', 'CFG', 'DATA']) t.ok(variables.delete(path), path);
  t.same(Object.fromEntries(variables), Object.fromEntries(expected));
  t.end();
});

t.test('LICMTR.CFG of the document says the same in seconds', (t) => {
  const values = JSON.parse(json);
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(cfg)?.[1];
  t.equal(value('LicenseServers'), 'alpha,bravo');
  t.equal(value('TriesBeforeOffline'), String(values.attempts));
  t.equal(value('GoOnLineInt'), String(values.retryDelayMs / 1000));
  t.equal(value('PollingInterval'), String(values.pollingIntervalMs / 1000));
  t.match(cfg, /\[bravo\]\nUncDbPath=\\\\bravo\\LicMtr\nAddress=127.1.2.1\nPipePort=5480\n/);
  t.end();
});

t.test('the profile in the document is the one that is shipped', (t) => {
  const [, shown] =
    /`clients\/profiles\/reference\.yaml`:\n```yaml\n(.*?)```/s.exec(document) ?? [];
  t.equal(shown, profileText);
  t.end();
});

t.test('the builds of the profile have bugs that exist', (t) => {
  const { builds, bugs }: { builds: Record<string, string[]>; bugs: string[] } =
    parseDocument(profileText).toJS();
  const known = new Set<string>(BUGS.map(({ name }) => name));
  t.same(Object.keys(builds), ['rtm', 'sp1', 'sp2', 'sp3', 'sp4']);
  t.same(
    Object.values(builds)
      .flat()
      .filter((bug) => !known.has(bug)),
    [],
  );
  t.same(new Set([...Object.values(builds).flat(), ...bugs]), known, 'each can be switched on');
  t.end();
});
