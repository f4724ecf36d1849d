import t from 'tap';
import { FakeClient, FakeHost, SETUP } from '../fake-host.fixture.ts';
import { metering } from '../index.ts';
import { parseResponses } from '../../http/http-answer.fixture.ts';

const PROBE = 'GET /LicMtr/dbup.ini HTTP/1.1\r\nHost: alpha\r\n\r\n';
const RECORD = {
  id: 'r1',
  client: 'ws1',
  user: '',
  workstation: '',
  program: 'a.exe',
  originalName: '',
  version: '',
  start: '1999-03-01T08:10:00.000Z',
  stop: '1999-03-01T08:15:00.000Z',
};
const LOG = JSON.stringify(RECORD);
const PUT = `PUT /LicMtr/Inboxes/Offline/a.log HTTP/1.1\r\nHost: alpha\r\n`;

function start() {
  const host = new FakeHost();
  const emulator = metering.create(host, SETUP);
  const connect = (client?: string) => new FakeClient(emulator, host, 'share', client);
  return { host, emulator, connect, client: connect() };
}

const statuses = (bytes: Buffer) => parseResponses(bytes).map(({ status }) => status);

t.test('one connection takes many requests, one after the other and pipelined', async (t) => {
  const { client, host } = start();
  t.strictSame(statuses(await client.exchange(PROBE)), [200]);
  host.advance(10 * 24 * 3_600_000);
  const put = `${PUT}Content-Length: ${LOG.length}\r\n\r\n${LOG}`;
  t.strictSame(statuses(await client.exchange(PROBE + put + put + PROBE)), [200, 201, 200, 200]);
  t.equal(client.requests, 5);
  t.notOk(client.ended);
  t.strictSame(
    host.notes.map((note) => note.split(' ')[0]),
    ['probe', 'probe', 'upload-offer', 'upload-accept', 'upload-offer', 'upload-accept', 'probe'],
  );
});

t.test('a request counts when it is whole, however it comes', async (t) => {
  const { client, host } = start();
  const head = `${PUT}Transfer-Encoding: chunked\r\n\r\n`;
  const body = `5\r\n${LOG.slice(0, 5)}\r\n${(LOG.length - 5).toString(16)}\r\n${LOG.slice(5)}\r\n0\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  for (const byte of bytes.subarray(0, -1)) client.stream.write(Buffer.of(byte));
  t.equal((await client.settle()).length, 0);
  t.equal(client.requests, 0);
  t.strictSame(host.notes, []);
  t.strictSame(statuses(await client.exchange(bytes.subarray(-1))), [201]);
  t.equal(client.requests, 1);
});

t.test('an answer leaves in one write, its date is the server\u2019s', async (t) => {
  const { client, host } = start();
  const writes: Buffer[] = [];
  const write = client.serverStream['_write'].bind(client.serverStream);
  client.serverStream['_write'] = (chunk: Buffer, encoding, done) => {
    // node:http ends every answer with an empty write; nothing of it gets onto a wire.
    if (chunk.length > 0) writes.push(chunk);
    write(chunk, encoding, done);
  };
  host.advance(3_600_000);
  const [answer] = parseResponses(await client.exchange(PROBE));
  t.equal(writes.length, 1);
  t.equal(answer?.headers['date'], 'Mon, 01 Mar 1999 09:00:00 GMT');
});

t.test(
  'broken HTTP is told, answered with 400 and ends the connection; the server lives',
  async (t) => {
    const { host, connect } = start();
    const wrong = [
      'nonsense\r\n\r\n',
      '\0\0\0\x06\x01\x06\0\0\0\x01',
      'GET /LicMtr/dbup.ini HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      `${PUT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      `${PUT}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ];
    for (const text of wrong) {
      const client = connect();
      const [answer] = parseResponses(await client.exchange(text));
      t.match(
        answer,
        { status: 400, headers: { connection: 'close' } },
        JSON.stringify(text.slice(0, 60)),
      );
      t.equal(host.notes.at(-1), 'protocol-error why=bad-http');
      t.equal(client.requests, 0);
      t.ok(client.ended);
    }
    t.strictSame(statuses(await connect().exchange(PROBE)), [200]);
  },
);

t.test('a client that goes away in the middle is no broken HTTP', async (t) => {
  const { host, client, connect } = start();
  client.stream.end(`${PUT}Content-Length: 100\r\n\r\n{`);
  await client.settle();
  t.ok(client.serverStream.destroyed);
  const other = connect();
  other.serverStream.destroy();
  await other.settle();
  t.strictSame(host.notes, []);
});

t.test('a client may end its side after the request', async (t) => {
  const { client } = start();
  client.stream.end(PROBE);
  t.strictSame(statuses(await client.settle()), [200]);
  t.ok(client.ended);
});

t.test('a request that a fault takes away is neither answered nor told', async (t) => {
  const { client, host } = start();
  client.drop = true;
  t.equal((await client.exchange(PROBE)).length, 0);
  t.equal(client.requests, 1);
  t.strictSame(host.notes, []);
});

t.test('a body without end is cut off', async (t) => {
  const { client, host } = start();
  client.stream.on('error', () => {});
  client.stream.write(`${PUT}Content-Length: 900000000\r\n\r\n`);
  const block = Buffer.alloc(1024 * 1024, 0x20);
  for (let sent = 0; sent < 20 && !client.serverStream.destroyed; sent++)
    await client.exchange(block);
  t.ok(client.serverStream.destroyed);
  t.strictSame(host.notes, ['protocol-error why=body-too-long']);
});

t.test('nothing keeps a timer of the machine', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const { client, emulator } = start();
  await client.exchange(PROBE + PROBE);
  t.equal(timers(), before);
  emulator.close();
  t.ok(client.serverStream.destroyed);
});
