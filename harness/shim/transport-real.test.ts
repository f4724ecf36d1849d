import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { RealRawClient, Seen } from './raw-client.fixture.ts';
import { RealTransport } from './transport-real.ts';
import type { Acceptor, Endpoint, Wire } from './transport.ts';

/** Nothing below waits that long, unless it fails. */
const BOUND_MS = 10_000;

/** Addresses of this process alone, so that test runs beside each other do not meet. */
function endpointOf(host: number): Endpoint {
  const address = `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.${host}`;
  return { server: 'alpha', face: 'pipe', client: 'ws1', address, port: 7231 };
}

interface Accepted {
  readonly wire: Wire;
  readonly heard: Seen;
}

/** A server that writes down what it hears, and does with a new wire what it is told. */
function server(onAccept: (accepted: Accepted) => void = ({ wire }) => wire.resume()) {
  const accepted: Accepted[] = [];
  const acceptor: Acceptor = {
    accept(wire) {
      const heard = new Seen();
      accepted.push({ wire, heard });
      onAccept({ wire, heard });
      return {
        data: ({ length }) => heard.data(length),
        end: () => heard.add('fin'),
        reset: () => heard.add('reset'),
      };
    },
    attempted: () => t.fail('real sockets see no attempts'),
  };
  return { acceptor, accepted };
}

async function heard(accepted: Accepted | undefined, word: string): Promise<boolean> {
  if (!accepted) return false;
  return new Promise((resolve) => {
    const settle = (result: boolean) => {
      clearTimeout(bound);
      unwatch();
      resolve(result);
    };
    const bound = setTimeout(() => settle(false), BOUND_MS);
    const unwatch = accepted.heard.watch(() => accepted.heard.has(word) && settle(true));
    if (accepted.heard.has(word)) settle(true);
  });
}

t.test('an open endpoint carries bytes and FINs both ways', async (t) => {
  const endpoint = endpointOf(1);
  const { acceptor, accepted } = server();
  const listener = await new RealTransport().listen(endpoint, 'open', acceptor);
  const client = new RealRawClient(BOUND_MS).connect(endpoint.address, endpoint.port);
  client.send(Buffer.alloc(100_000));
  t.ok(await client.until('connect'));
  t.ok(await heard(accepted[0], 'data(100000)'));
  const { wire } = accepted[0]!;
  await new Promise<void>((resolve) => wire.write(Buffer.alloc(7), resolve));
  t.ok(await client.until('data(7)'));
  client.end();
  t.ok(await heard(accepted[0], 'fin'));
  await new Promise<void>((resolve) => wire.write(Buffer.alloc(5), resolve));
  wire.end();
  t.ok(await client.until('fin'), 'a client that has ended still hears the answer');
  t.same(client.seen, ['connect', 'data(12)', 'fin']);
  t.same(accepted[0]!.heard.words, ['data(100000)', 'fin']);
  await new Promise<void>((resolve) => wire.write(Buffer.alloc(5), resolve));
  t.pass('a write after the end is done at once: nobody takes it');
  await listener.close();
});

t.test('a reset that comes together with bytes is no end', async (t) => {
  const endpoint = endpointOf(30);
  const { acceptor, accepted } = server(() => {});
  const listener = await new RealTransport().listen(endpoint, 'open', acceptor);
  for (let index = 0; index < 3; index++) {
    const socket = connect({ host: endpoint.address, port: endpoint.port });
    socket.on('error', () => {});
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write('half', resolve));
    socket.resetAndDestroy();
    await once(socket, 'close');
    while (accepted.length <= index) await new Promise((resolve) => setImmediate(resolve));
    accepted[index]!.wire.resume();
    await heard(accepted[index], 'reset');
    t.same(accepted[index]!.heard.words, ['data(4)', 'reset']);
  }
  await listener.close();
});

t.test('a wire is paused until it is resumed', async (t) => {
  const endpoint = endpointOf(2);
  const { acceptor, accepted } = server(() => {});
  const listener = await new RealTransport().listen(endpoint, 'open', acceptor);
  const raw = new RealRawClient(BOUND_MS);
  const client = raw.connect(endpoint.address, endpoint.port);
  client.send(Buffer.alloc(10));
  t.ok(await client.until('connect'));
  // A second connection goes the whole way: by then the bytes of the first have come too.
  const other = raw.connect(endpoint.address, endpoint.port);
  t.ok(await other.until('connect'));
  other.send(Buffer.alloc(10));
  while (accepted.length < 2) await new Promise((resolve) => setImmediate(resolve));
  accepted[1]!.wire.resume();
  t.ok(await heard(accepted[1], 'data(10)'));
  t.same(accepted[0]!.heard.words, []);
  accepted[0]!.wire.resume();
  t.ok(await heard(accepted[0], 'data(10)'));
  await listener.close();
});

t.test('a reset is an RST, and nothing is called after it', async (t) => {
  const endpoint = endpointOf(3);
  const raw = new RealRawClient(BOUND_MS);
  const transport = new RealTransport();

  const onAccept = server(({ wire }) => wire.reset());
  let listener = await transport.listen(endpoint, 'open', onAccept.acceptor);
  const first = raw.connect(endpoint.address, endpoint.port);
  t.ok(await first.until('reset'), 'on accept');
  t.ok(first.seen.length === 1 || first.seen[0] === 'connect', 'whether it saw connect or not');
  await listener.close();

  const unread = server(({ wire }) => {
    // More than any socket buffer takes: the write is under way when the reset comes.
    wire.write(Buffer.alloc(64 * 1024 * 1024), () => t.fail('done is called after the reset'));
    wire.reset();
    wire.reset();
    wire.write(Buffer.alloc(1), () => t.fail('a write after the reset is done'));
    wire.end();
    wire.resume();
  });
  listener = await transport.listen(endpoint, 'open', unread.acceptor);
  t.ok(
    await raw.connect(endpoint.address, endpoint.port).until('reset'),
    'in the middle of a write',
  );
  await listener.close();

  const ended = server(({ wire }) => {
    wire.end();
    wire.reset();
  });
  listener = await transport.listen(endpoint, 'open', ended.acceptor);
  const last = raw.connect(endpoint.address, endpoint.port);
  t.ok((await last.until('connect')) || last.seen.includes('reset'));
  // A FIN hides the RST from a client that only reads: its next write finds out.
  last.send(Buffer.alloc(1));
  await listener.close();
  t.ok(await last.until('reset'), 'right after a FIN');
  t.same(
    [onAccept, unread, ended].map(({ accepted }) => accepted[0]!.heard.words),
    [[], [], []],
  );
});

t.test('a client that resets is heard, and what is still written is done with', async (t) => {
  const endpoint = endpointOf(4);
  const { acceptor, accepted } = server();
  const listener = await new RealTransport().listen(endpoint, 'open', acceptor);
  const client = new RealRawClient(BOUND_MS).connect(endpoint.address, endpoint.port);
  client.send(Buffer.alloc(3));
  t.ok(await client.until('connect'));
  t.ok(await heard(accepted[0], 'data(3)'));
  client.reset();
  t.ok(await heard(accepted[0], 'reset'));
  let done = 0;
  await new Promise<void>((resolve) => {
    accepted[0]!.wire.write(Buffer.alloc(1), () => {
      done++;
      resolve();
    });
  });
  accepted[0]!.wire.end();
  accepted[0]!.wire.reset();
  t.equal(done, 1);
  t.same(accepted[0]!.heard.words, ['data(3)', 'reset']);
  await listener.close();
});

t.test('an endpoint changes what the next attempt meets; what is established stays', async (t) => {
  const endpoint = endpointOf(5);
  const { acceptor, accepted } = server();
  const listener = await new RealTransport().listen(endpoint, 'refuse', acceptor);
  const raw = new RealRawClient(BOUND_MS);
  const attempt = () => raw.connect(endpoint.address, endpoint.port);
  const early = attempt();
  t.ok(await early.until('refused'), 'closed from the start');
  await listener.set('open');
  const established = attempt();
  t.ok(await established.until('connect'));
  for (let round = 0; round < 3; round++) {
    await listener.set('refuse');
    t.ok(await attempt().until('refused'));
    await Promise.all([listener.set('black-hole'), listener.set('refuse'), listener.set('open')]);
    t.ok(await attempt().until('connect'), 'the last of three changes holds');
  }
  established.send(Buffer.alloc(9));
  t.ok(await heard(accepted[0], 'data(9)'));
  await listener.close();
  t.ok(await established.until('reset'), 'closing resets what is left');
  t.notOk(accepted[0]!.heard.has('reset'), 'without a word');
  t.ok(await attempt().until('refused'));
  await listener.set('open');
  t.ok(await attempt().until('refused'), 'a closed listener stays closed');
});

t.test('an address that is taken is refused by name, with the remedy', async (t) => {
  const endpoint = endpointOf(6);
  const { acceptor } = server();
  const transport = new RealTransport();
  const stranger = createServer().listen(endpoint.port, endpoint.address);
  await once(stranger, 'listening');
  for (const state of ['open', 'refuse', 'black-hole'] as const)
    await t.rejects(
      transport.listen(endpoint, state, acceptor),
      new RegExp(`alpha.pipe for ws1 .* ${endpoint.address}:7231: another program listens there`),
      state,
    );
  stranger.close();
  await once(stranger, 'close');

  const listener = await transport.listen(endpoint, 'refuse', acceptor);
  const thief = createServer().listen(endpoint.port, endpoint.address);
  await once(thief, 'listening');
  for (const state of ['open', 'black-hole'] as const)
    await t.rejects(listener.set(state), /another program listens there/);
  thief.close();
  await once(thief, 'close');
  await listener.set('open');
  t.pass('and when the program has ended the listener comes back');
  await listener.close();
  await t.rejects(
    transport.listen({ ...endpoint, address: '192.0.2.1' }, 'open', acceptor),
    /this system has no such address/,
  );
});
