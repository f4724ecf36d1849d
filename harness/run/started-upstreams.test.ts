import { connect } from 'node:net';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StartedUpstreams } from './started-upstreams.ts';

const ECHO = "require('net').createServer((socket) => socket.pipe(socket)).listen(";

function setUp(t: Test, script: string, readyMs = 10_000) {
  const folder = t.testdir();
  const told: string[] = [];
  const command = [process.execPath, '-e', script, '{port}', '{server}'];
  const started = new StartedUpstreams({
    commands: { alpha: { command, tls: false }, bravo: { command, tls: false } },
    folder,
    fail: (message) => told.push(message),
    readyMs,
  });
  t.teardown(() => started.close());
  return { started, told, folder };
}

t.test('servers that a case has are there when it begins, and gone when it is over', async (t) => {
  const { started, told, folder } = setUp(
    t,
    `${ECHO}process.argv[1], '127.0.0.1'); require('fs').writeFileSync(process.argv[2], ''); setInterval(() => {}, 1000);
     process.on('SIGTERM', () => {});`,
  );
  const at = await started.start(['alpha', 'bravo', 'charlie']);
  t.same(Object.keys(at), ['alpha', 'bravo'], 'those that have a command');
  t.not(at['alpha']!.port, at['bravo']!.port);
  t.ok(existsSync(join(folder, 'upstream-alpha/alpha')), 'each in a folder of its own');
  const socket = connect(at['bravo']!.port, '127.0.0.1', () => socket.write('hello'));
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  t.equal(bytes.toString(), 'hello');
  const gone = once(socket, 'close');
  socket.on('error', () => {});
  await started.close();
  await gone;
  t.same(told, [], 'what we end has not ended by itself');
  await t.rejects(
    new Promise((_, reject) => connect(at['alpha']!.port, '127.0.0.1').on('error', reject)),
    { code: 'ECONNREFUSED' },
  );
});

t.test('one that does not come up is told with its last words', async (t) => {
  const { started } = setUp(t, "console.error('no such database'); process.exit(4)");
  await t.rejects(
    started.start(['alpha']),
    /real server behind alpha, which the profile starts, has ended by itself \(exit status 4\)\n {2}its last words:\n {4}no such database/,
  );
});

t.test('one that listens somewhere else is told within the bound', async (t) => {
  const { started } = setUp(t, "console.log('ready'); setInterval(() => {}, 1000)", 300);
  await t.rejects(
    started.start(['alpha']),
    /behind alpha accepts no connection on 127\.0\.0\.1:\d+ after 300 ms; its command must listen/,
  );
});

t.test('one that ends in the middle is told', async (t) => {
  const { started, told } = setUp(
    t,
    `${ECHO}process.argv[1], '127.0.0.1').on('connection', () => setTimeout(() => process.exit(5), 50))`,
  );
  await started.start(['alpha']);
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  t.match(told[0], /behind alpha, which the profile starts, has ended by itself \(exit status 5\)/);
});

t.test('a program that does not exist', async (t) => {
  const started = new StartedUpstreams({
    commands: { alpha: { command: ['/no/such/broker'], tls: false } },
    folder: t.testdir(),
    fail: () => {},
  });
  await t.rejects(started.start(['alpha']), /behind alpha.*could not be started: .*ENOENT/);
  await started.close();
});
