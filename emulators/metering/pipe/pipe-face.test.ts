import t from 'tap';
import { long } from '../../../harness/run/depth.fixture.ts';
import { encode, FrameDecoder, type Message } from '../codec/index.ts';
import { EPOCH_MS, FakeClient, FakeHost, HELLO, requestUse, SETUP } from '../fake-host.fixture.ts';
import { metering } from '../index.ts';

function start() {
  const host = new FakeHost();
  const emulator = metering.create(host, SETUP);
  const connect = (client?: string) => new FakeClient(emulator, host, 'pipe', client);
  return { host, emulator, connect, client: connect() };
}

t.test('a session: hello, request, live status, release, configuration, bye', async (t) => {
  const { host, client } = start();
  const answers = await client.ask(
    HELLO,
    requestUse('word.exe'),
    { type: 'live-status', leases: ['alpha-1', 'bravo-7', 'alpha-1'] },
    { type: 'release', lease: 'alpha-1' },
    { type: 'get-configuration' },
    { type: 'bye' },
  );
  t.match(answers, [
    { type: 'welcome', serverTimeMs: EPOCH_MS, configurationVersion: 3 },
    { type: 'granted', lease: 'alpha-1' },
    { type: 'live-ack', leases: ['alpha-1'] },
    { type: 'released', lease: 'alpha-1' },
    {
      type: 'configuration',
      version: 3,
      text: /^\[LicMtr\]\r\nVersion=3\r\nContinuousOffline=0\r\n/,
    },
  ]);
  t.strictSame(host.notes, [
    'hello mode=online',
    'lease-request program=word.exe',
    'lease-grant program=word.exe lease=alpha-1',
    'lease-renew leases=1',
    'lease-release lease=alpha-1 program=word.exe',
    'configuration version=3',
    'bye',
  ]);
  t.equal(client.requests, 6);
  t.ok(client.ended, 'the server ends the connection after bye');
});

t.test('answers carry the id of their request', async (t) => {
  const { client } = start();
  const bytes = await client.exchange(
    Buffer.concat([encode(HELLO, 77), encode({ type: 'get-configuration' }, 4_000_000_000)]),
  );
  const ids = new FrameDecoder('server').push(bytes).map(({ requestId }) => requestId);
  t.strictSame(ids, [77, 4_000_000_000]);
});

t.test('the same, byte by byte', async (t) => {
  const { client } = start();
  const received = [];
  for (const byte of Buffer.concat([encode(HELLO, 1), encode(requestUse('a.exe'), 2)]))
    received.push(await client.exchange(Buffer.of(byte)));
  const answers = new FrameDecoder('server').push(Buffer.concat(received));
  t.match(answers, [{ message: { type: 'welcome' } }, { message: { lease: 'alpha-1' } }]);
  t.equal(client.requests, 2);
});

t.test('a client runs a program once and several programs at a time', async (t) => {
  const { client } = start();
  const answers = await client.ask(
    HELLO,
    requestUse('word.exe'),
    requestUse('WORD.EXE'),
    requestUse('calc.exe'),
  );
  t.match(answers.slice(1), [{ lease: 'alpha-1' }, { lease: 'alpha-1' }, { lease: 'alpha-2' }]);
});

t.test('denied: no seat, forbidden also when renamed, no permission', async (t) => {
  const { host, client, connect } = start();
  await client.ask(HELLO, requestUse('word.exe'));
  const answers = await connect('ws2').ask(
    { ...HELLO, client: 'ws2' } as Message,
    requestUse('word.exe'),
    requestUse('renamed.exe', 'WORD.EXE'),
    requestUse('game.exe'),
    requestUse('notepad.exe', 'Game.exe'),
    requestUse('payroll.exe'),
  );
  t.strictSame(answers.slice(1), [
    { type: 'denied', why: 'no-seat' },
    { type: 'denied', why: 'no-seat' },
    { type: 'denied', why: 'forbidden' },
    { type: 'denied', why: 'forbidden' },
    { type: 'denied', why: 'no-permission' },
  ]);
  t.equal(host.notes.at(-1), 'lease-deny program=payroll.exe why=no-permission');
  const [, granted] = await connect('ws3').ask(
    { ...HELLO, client: 'ws3', user: 'Boss' } as Message,
    requestUse('payroll.exe'),
  );
  t.match(granted, { type: 'granted' });
});

t.test('a lease belongs to its client, over connections', async (t) => {
  const { host, client, connect } = start();
  await client.ask(HELLO, requestUse('word.exe'), { type: 'bye' });
  const other = await connect('ws2').ask(
    { ...HELLO, client: 'ws2' } as Message,
    { type: 'live-status', leases: ['alpha-1'] },
    { type: 'release', lease: 'alpha-1' },
    requestUse('word.exe'),
  );
  t.strictSame(other.slice(1), [
    { type: 'live-ack', leases: [] },
    { type: 'released', lease: 'alpha-1' },
    { type: 'denied', why: 'no-seat' },
  ]);
  t.ok(host.notes.includes('lease-release lease=alpha-1'), 'a lease that it never had');
  const again = await connect().ask(HELLO, requestUse('word.exe'));
  t.match(again[1], { lease: 'alpha-1' });
});

t.test('a silent client loses its leases, a client that is heard keeps them', async (t) => {
  const { host, client } = start();
  await client.ask(HELLO, requestUse('word.exe'), requestUse('calc.exe'));
  host.advance(7_199_999);
  await client.ask({ type: 'live-status', leases: [] });
  host.advance(7_199_999);
  t.notOk(host.notes.some((note) => note.startsWith('lease-reclaim')));
  host.advance(1);
  t.strictSame(host.notes.slice(-2), [
    'lease-reclaim lease=alpha-1 program=word.exe from=ws1',
    'lease-reclaim lease=alpha-2 program=calc.exe from=ws1',
  ]);
  const answers = await client.ask(
    { type: 'live-status', leases: ['alpha-1'] },
    { type: 'release', lease: 'alpha-1' },
    requestUse('word.exe'),
  );
  t.strictSame(answers, [
    { type: 'live-ack', leases: [] },
    { type: 'released', lease: 'alpha-1' },
    { type: 'granted', lease: 'alpha-3' },
  ]);
  t.ok(host.notes.includes('lease-release lease=alpha-1 program=word.exe'), 'told by its program');
});

t.test('a client without leases costs no timer, and closing releases the rest', async (t) => {
  const { host, emulator, client } = start();
  await client.ask(HELLO, requestUse('word.exe'));
  t.equal(host.timers, 1);
  await client.ask({ type: 'release', lease: 'alpha-1' });
  t.equal(host.timers, 0);
  await client.ask(requestUse('word.exe'));
  emulator.close();
  t.equal(host.timers, 0);
  t.ok(client.serverStream.destroyed);
});

t.test(
  'a broken protocol is told, answered and ends the connection; the server lives',
  async (t) => {
    const hello = encode(HELLO, 1);
    const wrong: [why: string, bytes: Buffer, requestId: number][] = [
      ['hello-expected', encode(requestUse('word.exe'), 5), 5],
      ['second-hello', Buffer.concat([hello, encode(HELLO, 6)]), 6],
      ['bad-length', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 0],
      ['bad-count', Buffer.concat([hello, Buffer.from('0000000801030000000bffff', 'hex')]), 11],
      ['bad-type', Buffer.concat([hello, encode({ type: 'busy', retryAfterMs: 1 }, 3)]), 0],
    ];
    const { host, connect } = start();
    for (const [why, bytes, requestId] of wrong) {
      const client = connect();
      const answers = new FrameDecoder('server').push(await client.exchange(bytes));
      t.match(answers.at(-1), {
        requestId,
        message: { type: 'protocol-error', reason: new RegExp(`^${why}: `) },
      });
      t.equal(host.notes.at(-1), `protocol-error why=${why}`);
      t.ok(client.ended, `${why}: the server ends the connection`);
      t.equal((await client.exchange(hello)).length, 0, 'and is silent on it');
    }
    t.match(await connect().ask(HELLO), [{ type: 'welcome' }]);
  },
);

t.test('a message that is cut off by the end of the client is not a broken protocol', async (t) => {
  const { host, client } = start();
  client.stream.end(encode(HELLO, 1).subarray(0, 20));
  await client.settle();
  t.strictSame(host.notes, []);
  t.ok(client.ended);
});

t.test('a request that a fault takes away leaves no trace', async (t) => {
  const { host, client, connect } = start();
  await client.ask(HELLO);
  client.drop = true;
  t.strictSame(await client.ask(requestUse('word.exe'), requestUse('calc.exe')), []);
  t.equal(client.requests, 2);
  t.strictSame(host.notes, ['hello mode=online']);
  const answers = await connect('ws2').ask(
    { ...HELLO, client: 'ws2' } as Message,
    requestUse('word.exe'),
  );
  t.match(answers[1], { lease: 'alpha-1' }, 'and takes no seat');
});

long(
  'a flood of requests from a client that does not read is not buffered without end',
  async (t) => {
    const { client } = start();
    await client.ask(HELLO);
    client.stream.pause();
    const requests = Buffer.concat(
      Array.from({ length: 6000 }, (_, index) => encode({ type: 'get-configuration' }, index + 1)),
    );
    for (let offset = 0; offset < requests.length; offset += 1000)
      client.stream.write(requests.subarray(offset, offset + 1000));
    await client.settle();
    t.ok(client.requests < 1000, 'the server stops reading');
    client.stream.resume();
    await client.settle();
    for (let turn = 0; client.requests < 6001 && turn < 1000; turn++) await client.settle();
    t.equal(client.requests, 6001, 'and goes on when the client does');
  },
);

t.test('answer faults are consulted before the server decides', async (t) => {
  const { host, client, connect } = start();
  await client.ask(HELLO);
  host.fault = { name: 'busy', args: { 'retry-after': '1m30s' } };
  const busy = { type: 'busy', retryAfterMs: 90_000 };
  t.strictSame(
    await client.ask(
      requestUse('word.exe'),
      { type: 'live-status', leases: [] },
      { type: 'release', lease: 'alpha-1' },
      { type: 'get-configuration' },
    ),
    [busy, busy, busy, busy],
  );
  t.strictSame(host.notes.slice(1), [
    'lease-request program=word.exe',
    'busy retry-after=90',
    'busy retry-after=90',
    'busy retry-after=90',
    'busy retry-after=90',
  ]);
  host.fault = { name: 'busy', args: {} };
  t.strictSame(await client.ask(requestUse('word.exe')), [{ type: 'busy', retryAfterMs: 10_000 }]);
  host.fault = { name: 'deny', args: { why: 'forbidden' } };
  t.strictSame(await client.ask(requestUse('word.exe')), [{ type: 'denied', why: 'forbidden' }]);
  host.fault = { name: 'deny', args: {} };
  t.strictSame(await client.ask(requestUse('word.exe')), [{ type: 'denied', why: 'no-seat' }]);
  host.fault = { name: 'login-refused', args: {} };
  const refused = connect();
  t.match(await refused.ask(HELLO, requestUse('word.exe')), [{ type: 'login-refused' }]);
  t.strictSame(host.notes.slice(-2), ['hello mode=online', 'login-refused']);
  t.ok(refused.ended);
});

t.test(
  'a malformed answer: what was asked is done, and no client can take it for a yes',
  async (t) => {
    const { host, client, connect } = start();
    await client.ask(HELLO);
    const strike = (name: string) => (host.fault = { name, args: {} });
    strike('unexpected');
    t.strictSame(await client.ask(requestUse('a.exe'), { type: 'release', lease: 'alpha-1' }), [
      { type: 'released', lease: 'unexpected' },
      { type: 'live-ack', leases: [] },
    ]);
    for (const [name, why] of [
      ['wrong-version', 'bad-version'],
      ['wrong-length', 'bad-length'],
    ] as const) {
      strike(name);
      await t.rejects(connect().ask(HELLO), { message: new RegExp(`^${why}: `) }, name);
    }
    t.strictSame(host.notes.slice(1, 8), [
      'lease-request program=a.exe',
      'lease-grant program=a.exe lease=alpha-1',
      'malformed why=unexpected',
      'lease-release lease=alpha-1 program=a.exe',
      'malformed why=unexpected',
      'hello mode=online',
      'malformed why=wrong-version',
    ]);
  },
);
