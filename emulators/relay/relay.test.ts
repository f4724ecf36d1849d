import { createHmac } from 'node:crypto';
import t from 'tap';
import { parseResponses } from '../http/http-answer.fixture.ts';
import { EPOCH_MS, FakeClient, FakeHost, SETUP } from '../metering/fake-host.fixture.ts';
import { CULL_INTERVAL_MS } from './pools.ts';
import { relay } from './index.ts';

const TTL_MS = 60_000;

function start({ forbidden = [] as string[] } = {}) {
  const host = new FakeHost();
  const configuration = { ...SETUP.configuration, timedOutAfterMs: TTL_MS };
  const emulator = relay.create(host, { ...SETUP, forbidden, configuration });
  const connect = (client?: string) => new FakeClient(emulator, host, 'pipe', client);
  return { host, emulator, connect, client: connect() };
}

/** One request and its answer. */
async function ask(client: FakeClient, line: string, pool?: string) {
  const header = pool === undefined ? '' : `Relay-Pool: ${pool}\r\n`;
  const bytes = await client.exchange(`${line} HTTP/1.1\r\nHost: alpha\r\n${header}\r\n`);
  const [answer] = parseResponses(bytes);
  return answer!;
}

const PUT = 'PUT /v1/nodes/n1';
const DELETE = 'DELETE /v1/nodes/n1';

t.test('a node gets a lease, extends it with the same request, and gives it back', async (t) => {
  const { host, client } = start();
  const created = await ask(client, PUT, 'word.exe');
  t.equal(created.status, 201);
  t.equal(created.headers['content-type'], 'application/json');
  const said = JSON.parse(created.body);
  t.equal(said.license_key, 'alpha-1');
  t.equal(Buffer.from(said.license_file, 'base64').toString(), 'a licence for tests: alpha-1\n');
  t.equal(said.expires_in, 60);
  t.equal(said.expires_at, (EPOCH_MS + TTL_MS) / 1000);

  const extended = await ask(client, PUT, 'word.exe');
  t.equal(extended.status, 202);
  t.same(Object.keys(JSON.parse(extended.body)), ['expires_at', 'expires_in']);

  t.equal((await ask(client, DELETE, 'word.exe')).status, 204);
  t.equal((await ask(client, DELETE, 'word.exe')).status, 404);
  t.same(host.notes, [
    'lease-request program=word.exe',
    'lease-grant program=word.exe lease=alpha-1',
    'lease-renew leases=1 program=word.exe lease=alpha-1',
    'lease-release program=word.exe lease=alpha-1',
    'lease-release program=word.exe lease=alpha-1',
  ]);
});

t.test(
  '410 where no licence is free, 409 for a node of another pool, 400 for no pool',
  async (t) => {
    const { host, client } = start({ forbidden: ['game.exe'] });
    await ask(client, PUT, 'word.exe');
    t.equal((await ask(client, 'PUT /v1/nodes/n2', 'word.exe')).status, 410);
    t.equal((await ask(client, PUT, 'excel.exe')).status, 409);
    const bad = await ask(client, PUT, 'game.exe');
    t.equal(bad.status, 400);
    t.type(JSON.parse(bad.body).error, 'string');
    t.equal((await ask(client, DELETE, 'game.exe')).status, 400);
    t.same(
      host.notes.filter((note) => note.startsWith('lease-deny')),
      [
        'lease-deny program=word.exe why=no-seat',
        'lease-deny program=excel.exe why=conflict',
        'lease-deny program=game.exe why=bad-pool',
      ],
    );
    t.equal((await ask(client, 'PUT /v1/nodes/n3')).status, 201, 'without a pool: the global one');
  },
);

t.test('health is 200, other paths 404, other methods 405', async (t) => {
  const { host, client } = start();
  t.equal((await ask(client, 'GET /v1/health')).status, 200);
  for (const path of ['/', '/v1/nodes/', '/v1/nodes/a/b', '/v2/health'])
    t.equal((await ask(client, `GET ${path}`)).status, 404, path);
  t.equal((await ask(client, 'POST /v1/nodes/n1')).status, 405);
  t.equal((await ask(client, 'PUT /v1/health')).status, 405);
  t.equal(host.notes[0], 'probe status=200');
  t.equal(host.notes.at(-1), 'protocol-error why=no-such-method status=405');
});

t.test('a lease without a heartbeat is over at the next cull after its time', async (t) => {
  const { host, client } = start();
  host.advance(CULL_INTERVAL_MS / 3);
  await ask(client, PUT, 'word.exe');
  host.advance(TTL_MS);
  t.equal((await ask(client, PUT, 'word.exe')).status, 202, 'late, but nobody has looked yet');
  host.advance(TTL_MS);
  host.advance(CULL_INTERVAL_MS / 3);
  t.notOk(host.notes.some((note) => note.startsWith('lease-reclaim')));
  host.advance(CULL_INTERVAL_MS / 3 + 1);
  t.equal(host.notes.at(-1), 'lease-reclaim lease=alpha-1 program=word.exe from=ws1');
  t.equal((await ask(client, DELETE, 'word.exe')).status, 404);
  t.equal(host.notes.at(-1), 'lease-release program=word.exe lease=alpha-1');
  const again = await ask(client, PUT, 'word.exe');
  t.equal(JSON.parse(again.body).license_key, 'alpha-2');
});

t.test('the clock of the server may be set to any time', async (t) => {
  const { host, client } = start();
  await ask(client, PUT, 'word.exe');
  host.wallMs = () => 0;
  host.advance(TTL_MS);
  host.advance(2 * CULL_INTERVAL_MS);
  t.match(host.notes.at(-1), 'lease-reclaim');
});

t.test('every answer is signed over its time and its body', async (t) => {
  const { host, client } = start();
  const check = ({
    headers,
    body,
  }: {
    headers: Readonly<Record<string, string>>;
    body: string;
  }) => {
    const [, time, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['relay-signature'] ?? '') ?? [];
    t.equal(headers['relay-clock'], time);
    const right = createHmac('sha256', 'meterproof-test-secret').update(`${time}.${body}`);
    return right.digest('hex') === v1;
  };
  t.ok(check(await ask(client, PUT, 'word.exe')));
  t.ok(check(await ask(client, 'GET /v1/health')));
  t.ok(check(await ask(client, DELETE, 'word.exe')));
  host.fault = { name: 'wrong-signature', args: {} };
  t.notOk(check(await ask(client, PUT, 'word.exe')));
  t.equal(host.notes.at(-1), 'malformed why=wrong-signature');
});

t.test('answer faults', async (t) => {
  const { host, client } = start();
  const struck = async (name: string, args: Readonly<Record<string, string>> = {}) => {
    host.fault = { name, args };
    const { status, headers } = await ask(client, PUT, 'word.exe');
    return `${status} ${headers['retry-after'] ?? '-'}: ${host.notes.at(-1)}`;
  };
  t.equal(await struck('deny'), '410 -: lease-deny program=word.exe why=no-seat');
  t.equal(await struck('conflict'), '409 -: lease-deny program=word.exe why=conflict');
  t.equal(await struck('bad-pool'), '400 -: lease-deny program=word.exe why=bad-pool');
  t.equal(await struck('busy'), '503 10: busy retry-after=10');
  t.equal(await struck('503'), '503 -: busy');
  t.equal(await struck('503', { 'retry-after': '2m' }), '503 120: busy retry-after=120');
  t.match(
    await struck('503', { 'retry-after': '2m', as: 'date' }),
    '503 Mon, 01 Mar 1999 08:02:00 GMT: busy retry-after=120',
  );
  t.match(await struck('unexpected'), '302 -: malformed why=unexpected');
  host.fault = undefined;
  t.equal((await ask(client, PUT, 'word.exe')).status, 202, 'what was asked had been done');
  host.fault = { name: 'deny', args: {} };
  t.equal((await ask(client, PUT, 'word.exe')).status, 202, 'no denial of what one has');
  host.fault = { name: 'busy', args: {} };
  t.equal((await ask(client, 'GET /v1/health')).status, 503);
  t.equal((await ask(client, DELETE, 'word.exe')).status, 503);
  t.equal(relay.checkAnswerFault?.('pipe', { name: 'deny', args: {} }), undefined);
  t.match(
    relay.checkAnswerFault?.('pipe', { name: '503', args: { 'retry-after': 'soon' } }),
    /not a duration/,
  );
});

t.test('a restart keeps the leases or loses them; fewer licences take the latest', async (t) => {
  const { host, emulator, client } = start();
  await ask(client, PUT, 'excel.exe');
  await ask(client, 'PUT /v1/nodes/n2', 'excel.exe');
  emulator.command?.({ kind: 'seats', program: 'excel.exe', seats: 1 });
  t.equal(host.notes.at(-1), 'lease-reclaim lease=alpha-2 program=excel.exe from=ws1');
  emulator.command?.({ kind: 'restart', state: 'kept' });
  t.equal((await ask(client, PUT, 'excel.exe')).status, 202);
  emulator.command?.({ kind: 'restart', state: 'lost' });
  t.equal(host.timers, 0);
  t.equal((await ask(client, PUT, 'excel.exe')).status, 201);
  emulator.close();
  t.equal(host.timers, 0);
});

t.test('hostile requests do no harm', async (t) => {
  const { host, client, connect } = start();
  t.equal((await ask(client, `PUT /v1/nodes/${'n'.repeat(8000)}`, 'word.exe')).status, 400);
  t.equal((await ask(client, `PUT /v1/nodes/n1`, 'n'.repeat(8000))).status, 201);
  t.equal((await ask(connect(), 'PUT http://[/')).status, 404);
  await connect().exchange('\u0000\u0001\u0002 not http at all\r\n\r\n');
  t.equal(host.notes.at(-1), 'protocol-error why=bad-http');
  const cut = connect();
  cut.stream.end('PUT /v1/nodes/n1 HTTP/1.1\r\nHost: a');
  await cut.settle();
  t.equal(host.notes.at(-1), 'protocol-error why=bad-http', 'a client may die in the middle');
  t.equal((await ask(connect(), 'GET /v1/health')).status, 200);
});
