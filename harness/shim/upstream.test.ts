// Relayed connections on real sockets: bytes, FINs and resets come through as they are, in both directions.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import t from 'tap';
import { passOn } from '../../emulators/opaque/pass-on.ts';
import { checkUpstreams, Upstreams } from './upstream.ts';

async function setUp(t: { teardown(action: () => unknown): void }) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  let held = 0;
  const told: string[] = [];
  const upstreams = new Upstreams({
    addresses: { alpha: { host: '127.0.0.1', port } },
    hold: (work) => {
      held++;
      void work.then(() => held--);
    },
    unreachable: (message) => told.push(message),
  });
  t.teardown(() => {
    upstreams.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const accepted = async (): Promise<Socket> =>
    sockets[0] ?? ((await once(server, 'connection')) as [Socket])[0];
  /** A client's end, and the emulator's end of its connection, relayed. */
  const connect = (request: () => boolean = () => true): { client: Duplex; stream: Duplex } => {
    const [client, stream] = duplexPair();
    client.on('error', () => {});
    stream.on('error', () => {});
    passOn({ stream, client: 'ws1', request, note: () => {} }, upstreams.dial('alpha'));
    return { client, stream };
  };
  return { connect, accepted, server, told, held: () => held };
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

t.test('megabytes come through untouched, and the end after them', async (t) => {
  const { connect, accepted, held } = await setUp(t);
  const { client } = connect();
  const bytes = randomBytes(3_000_000);
  client.end(bytes);
  const socket = await accepted();
  t.ok(held() > 0, 'case time waits for the real server');
  socket.pipe(socket);
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(client, 'end');
  t.equal(digest(Buffer.concat(chunks)), digest(bytes));
});

t.test('a reset by the real server is a reset for the client', async (t) => {
  const { connect, accepted } = await setUp(t);
  const { client, stream } = connect();
  client.write('hello');
  const socket = await accepted();
  await once(socket, 'data');
  socket.resetAndDestroy();
  const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNRESET');
});

t.test('a connection that is gone is a reset for the real server', async (t) => {
  const { connect, accepted } = await setUp(t);
  const { client, stream } = connect();
  client.write('hello');
  const socket = await accepted();
  await once(socket, 'data');
  const error = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  stream.destroy();
  t.equal((await error)[0].code, 'ECONNRESET');
});

t.test('a request that a fault has taken does not reach the real server', async (t) => {
  const { connect, accepted } = await setUp(t);
  let count = 0;
  const { client } = connect(() => ++count > 1);
  client.write('taken');
  const socket = await accepted();
  await new Promise((resolve) => setImmediate(resolve));
  client.write('passed');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  t.equal(bytes.toString(), 'passed');
});

t.test('a server that cannot be reached is told with its address', async (t) => {
  const { connect, server, told } = await setUp(t);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { stream } = connect();
  await once(stream, 'error');
  t.match(
    told[0],
    new RegExp(`behind alpha, 127.0.0.1:${port}, cannot be reached \\(ECONNREFUSED\\)`),
  );
  t.match(await checkUpstreams({ alpha: { host: '127.0.0.1', port } }), /cannot be reached/);
});
