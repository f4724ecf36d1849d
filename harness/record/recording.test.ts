import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { opaque } from '../../emulators/opaque/index.ts';
import type { Trace } from '../trace/event.ts';
import { addressOf, completedOf, readAll, record, serve } from './recording.fixture.ts';

const words = ({ events }: Trace): string[] =>
  events.map(({ event, fields }) => `${event}${fields['by'] ? ` ${String(fields['by'])}` : ''}`);
const bytesOf = ({ events }: Trace, event: string): Buffer =>
  Buffer.concat(
    events
      .filter((one) => one.event === event)
      .map(({ bytes }) => Buffer.from(bytes ?? '', 'base64')),
  );

/** Where an RST comes with the last bytes a socket of Node 20 or 22 ends; then only a write tells. */
async function endOf(socket: Socket): Promise<'fin' | 'reset'> {
  try {
    await once(socket, 'end');
  } catch {
    return 'reset';
  }
  return new Promise((resolve) =>
    socket.write(Buffer.alloc(0), (error) => resolve(error ? 'reset' : 'fin')),
  );
}

t.test('bytes and half-closes pass unchanged, and stand in the file', async (t) => {
  const asked = randomBytes(700_000);
  const answer = randomBytes(900_000);
  const heard: Promise<Buffer>[] = [];
  const server = await serve((socket) => {
    const all = readAll(socket);
    heard.push(all);
    // The client has ended its side: the answer goes through what is left of the connection.
    void all.then(() => socket.end(answer));
  });
  const recorded = await record(1, { tcp: server.port }, { dialect: opaque });
  const socket = await recorded.dial();
  socket.end(asked);
  t.ok((await readAll(socket)).equals(answer));
  t.ok((await heard[0]!).equals(asked));
  const { trace } = await recorded.finish();
  t.ok(bytesOf(trace, 'received').equals(asked));
  t.ok(bytesOf(trace, 'sent').equals(answer));
  t.equal(words(trace)[0], 'connect');
  t.same(
    words(trace).filter((word) => word.startsWith('close')),
    ['close client'],
  );
  t.match(recorded.recording.counters, {
    connections: 1,
    open: 0,
    failed: 0,
    bytes: asked.length + answer.length,
    written: asked.length + answer.length,
  });
  await server.close();
});

t.test('the reset of a server is a reset for the client, behind what it had sent', async (t) => {
  const server = await serve((socket) => {
    socket.write('half an ans', () => setImmediate(() => socket.resetAndDestroy()));
  });
  const recorded = await record(2, { tcp: server.port }, { dialect: opaque });
  const socket = await recorded.dial();
  let came = '';
  socket.on('data', (piece: Buffer) => (came += piece.toString()));
  t.equal(await endOf(socket), 'reset');
  t.equal(came, 'half an ans');
  t.same(words((await recorded.finish()).trace), ['connect', 'sent', 'reset server']);
  await server.close();
});

t.test('the reset of a client is a reset for the server', async (t) => {
  let met!: (error: Error) => void;
  const meets = new Promise<Error>((resolve) => (met = resolve));
  const server = await serve((socket) => {
    socket.on('error', met);
    socket.on('data', () => socket.write('go'));
  });
  const recorded = await record(3, { tcp: server.port }, { dialect: opaque });
  const socket = await recorded.dial();
  socket.write('hello');
  await once(socket, 'data');
  socket.resetAndDestroy();
  t.match(await meets, { code: 'ECONNRESET' });
  t.same(words((await recorded.finish()).trace), ['connect', 'received', 'sent', 'reset client']);
  await server.close();
});

t.test('where the server refuses the client is refused, until the server is back', async (t) => {
  const first = await serve((socket) => socket.end('one'));
  const changes: boolean[] = [];
  let reopened = (): void => {};
  const isBack = new Promise<void>((resolve) => (reopened = resolve));
  const recorded = await record(
    4,
    { tcp: first.port },
    {
      dialect: opaque,
      changed: (_face, isOpen) => {
        changes.push(isOpen);
        if (isOpen) reopened();
      },
    },
  );
  const attempt = async (): Promise<string> => {
    const socket = connect({ host: addressOf(4), port: 7230 });
    let outcome = 'nothing';
    socket.on('data', (bytes) => (outcome = bytes.toString()));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => (outcome = String(code)));
    await new Promise((resolve) => socket.once('close', resolve));
    return outcome;
  };
  t.equal(await attempt(), 'one');
  await first.close();
  t.equal(await attempt(), 'ECONNRESET', 'nobody could know: the first one is reset');
  t.equal(await attempt(), 'ECONNREFUSED');
  const second = await serve((socket) => socket.end('two'), first.port);
  await isBack;
  t.equal(await attempt(), 'two');
  t.same(changes, [false, true]);
  const { trace } = await recorded.finish();
  t.same(
    words(trace).filter((word) => ['connect', 'refused'].includes(word)),
    ['connect', 'refused', 'connect'],
  );
  t.equal(recorded.recording.counters.failed, 1);
  await second.close();
});

t.test('with keepListening each attempt is seen, and reset', async (t) => {
  const gone = await serve(() => {});
  await gone.close();
  const recorded = await record(5, { tcp: gone.port }, { dialect: opaque, keepListening: true });
  for (let attempt = 0; attempt < 3; attempt++) {
    const socket = connect({ host: addressOf(5), port: 7230 });
    await t.rejects(once(socket, 'end'), { code: 'ECONNRESET' });
  }
  t.same(words((await recorded.finish()).trace), ['refused', 'refused', 'refused']);
});

t.test('a file that takes no more ends the recording: what it took is whole', async (t) => {
  const server = await serve((socket) => socket.pipe(socket));
  const written: Buffer[] = [];
  let room = 5;
  const sink = {
    write: (bytes: Uint8Array) => {
      if (room-- === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      written.push(Buffer.from(bytes));
    },
    close: () => {},
  };
  const recorded = await record(6, { tcp: server.port }, { dialect: opaque, sink });
  const socket = await recorded.dial();
  let came = '';
  let sent = 0;
  const more = (): void => void socket.write(`${sent++} `);
  socket.on('data', (bytes: Buffer) => {
    came += bytes.toString();
    more();
  });
  more();
  await t.rejects(recorded.recording.failure, { code: 'ENOSPC' });
  recorded.recording.stop();
  const { bytes, written: kept } = recorded.recording.counters;
  t.ok(kept > 0 && kept < bytes, 'and what it did not take is told');
  const { trace, bytes: accounted } = await completedOf(Buffer.concat(written), opaque);
  t.equal(accounted, kept);
  const inFile = bytesOf(trace, 'sent').toString();
  t.ok(inFile.length > 0 && `${came}${sent} `.startsWith(inFile.slice(0, came.length)));
  await server.close();
});

t.test('an address that is taken is named, and nothing stays open', async (t) => {
  const server = await serve(() => {});
  const recorded = await record(7, { tcp: server.port }, { dialect: opaque });
  await t.rejects(record(7, { tcp: server.port }, { dialect: opaque }), {
    name: 'Error',
    message: /alpha\.tcp cannot be offered at 127\..*:7230: another program listens there/,
  });
  recorded.recording.stop();
  await server.close();
});

t.test('hundreds of connections at once lose nothing', async (t) => {
  const COUNT = 200;
  const server = await serve((socket) => socket.pipe(socket));
  const recorded = await record(8, { tcp: server.port }, { dialect: opaque });
  await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const socket = await recorded.dial();
      const text = Buffer.alloc(2000 + index, index);
      socket.end(text);
      if (!(await readAll(socket)).equals(text)) t.fail(`connection ${index}`);
    }),
  );
  const { trace, events, bytes: accounted } = await recorded.finish();
  const bytes = COUNT * 2000 + (COUNT * (COUNT - 1)) / 2;
  t.match(recorded.recording.counters, {
    connections: COUNT,
    bytes: 2 * bytes,
    written: 2 * bytes,
  });
  t.equal(bytesOf(trace, 'received').length, bytes);
  t.equal(bytesOf(trace, 'sent').length, bytes);
  t.equal(events, trace.events.length);
  t.equal(accounted, 2 * bytes);
  await server.close();
});
