import { join } from 'node:path';
import t from 'tap';
import { readConfiguration, readStart, Unsupported } from './configuration.ts';

const good = {
  client: 'ws1',
  user: 'user1',
  workstation: 'WS1',
  mode: 'offline',
  servers: [{ name: 'alpha', pipe: '127.0.0.1:5480', share: '[::1]:8480' }],
  attempts: 5,
  retryDelayMs: 900_000,
  pollingIntervalMs: 14_400_000,
  liveStatusIntervalMs: 3_600_000,
  connectTimeoutMs: 30_000,
  answerTimeoutMs: 30_000,
};

t.test('a configuration is read from the file that the environment names', (t) => {
  const folder = t.testdir({ 'client.json': JSON.stringify(good) });
  const env = { METERPROOF_CONFIG: join(folder, 'client.json'), METERPROOF_DATA: '/data' };
  const { configuration, bugs } = readStart(['--bugs', 'hasty-switch'], env);
  t.same(configuration.servers[0].pipe, { host: '127.0.0.1', port: 5480 });
  t.same(configuration.servers[0].share, { host: '::1', port: 8480 });
  t.ok(bugs.has('hasty-switch'));
  t.throws(() => readStart([], {}), /METERPROOF_CONFIG is not set/);
  t.throws(() => readStart(['--bug'], env), /--bug/);
  t.end();
});

t.test('what is missing or wrong is named', (t) => {
  const wrong: [object, RegExp][] = [
    [{ servers: [] }, /servers is empty/],
    [{ servers: [{ name: 'alpha', pipe: '127.0.0.1', share: 'x:1' }] }, /pipe is not host:port/],
    [{ attempts: 0 }, /attempts/],
    [{ retryDelayMs: '15m' }, /retryDelayMs/],
    [{ pollingIntervalMs: 2 ** 31 }, /pollingIntervalMs/],
    [{ client: undefined }, /client/],
  ];
  for (const [change, message] of wrong)
    t.throws(() => readConfiguration({ ...good, ...change }), message);
  t.throws(() => readConfiguration('x'), /not an object/);
  t.throws(() => readConfiguration({ ...good, mode: 'sometimes' }), new Unsupported());
  t.end();
});
