// What a client may lean on in its sockets beside the bytes: whose context an event has, its own buffer, the attempts that Node tells of.
import t from 'tap';
import { playNode } from './node-world.fixture.ts';

const SERVERS = [{ port: 80 }, { port: 81, state: 'refuse' as const }];

t.test('events of a socket have the store of whoever connected it', async (t) => {
  const { stdout, stderr, error } = await playNode({
    servers: SERVERS,
    program: `
      import net from 'node:net';
      import http from 'node:http';
      import { AsyncLocalStorage } from 'node:async_hooks';
      const store = new AsyncLocalStorage();
      const say = (what) => () => console.log(what, store.getStore());
      const dial = (name, port) => new Promise((done) => store.run(name, () => {
        const socket = net.connect(port, '127.0.0.1', () => { say('connect')(); socket.write('\\r\\n\\r\\n'); });
        socket.setTimeout(5_000, say('timeout'));
        socket.on('data', () => { say('data')(); setTimeout(() => socket.destroy(), 6_000); });
        socket.on('error', say('error'));
        socket.on('close', () => { say('close')(); done(); });
      }));
      await dial('first', 80);
      await dial('second', 81);
      await new Promise((done) => store.run('http', () => http.get('http://127.0.0.1:81/').on('error', () => { say('http')(); done(); })));
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), [
    'connect first',
    'data first',
    'timeout first',
    'close first',
    'error second',
    'close second',
    'http http',
  ]);
});

t.test('what comes to standard input has the store of whoever took that', async (t) => {
  const { stdout, stderr } = await playNode({
    play: ({ client }) => {
      client.write('a command\n');
      client.endInput();
    },
    program: `
      import { AsyncLocalStorage } from 'node:async_hooks';
      import readline from 'node:readline';
      const store = new AsyncLocalStorage();
      store.enterWith('main');
      const lines = readline.createInterface({ input: process.stdin });
      store.enterWith('later');
      lines.on('line', (line) => console.log(line, store.getStore()));
      lines.on('close', () => console.log('close', store.getStore()));
    `,
  });
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), ['a command main', 'close main']);
});

t.test('a socket reads into the buffers of its client, and heeds a pause after each', async (t) => {
  const { stdout, stderr, error } = await playNode({
    servers: SERVERS,
    program: `
      import net from 'node:net';
      const read = (buffer) => new Promise((done) => {
        const parts = [];
        let isFirst = true;
        const socket = net.connect({
          host: '127.0.0.1', port: 80,
          onread: {
            buffer,
            callback(length, bytes) {
              parts.push(bytes.toString('latin1', 0, length));
              if (!isFirst) return true;
              isFirst = false;
              setTimeout(() => { parts.push('|'); socket.resume(); }, 1_000);
              return false;
            },
          },
        }, () => socket.write('\\r\\n\\r\\n'));
        socket.on('data', () => parts.push('an event'));
        setTimeout(() => { socket.destroy(); done(parts); }, 2_000);
      });
      console.log(JSON.stringify(await read(Buffer.alloc(17))));
      let made = 0;
      console.log(JSON.stringify(await read(() => Buffer.alloc(20 + made++))), made);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), [
    '["HTTP/1.1 200 OK\\r\\n","|","Content-Length: 2","\\r\\n\\r\\nOK"]',
    '["HTTP/1.1 200 OK\\r\\nCon","|","tent-Length: 2\\r\\n\\r\\nOK"] 3',
  ]);
});

t.test('attempts are told; who destroys a socket at once makes none', async (t) => {
  const { stdout, stderr, error, lines } = await playNode({
    servers: SERVERS,
    program: `
      import net from 'node:net';
      const dial = (port) => new Promise((done) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
        socket.on('connectionAttempt', (...way) => console.log('attempt', ...way));
        socket.on('connectionAttemptFailed', (address, port, family, { code }) => console.log('failed', address, port, family, code));
        socket.on('error', () => {}).on('close', done);
      });
      await dial(80);
      await dial(81);
      net.connect(80, '127.0.0.1').destroy();
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), [
    'attempt 127.0.0.1 80 4',
    'attempt 127.0.0.1 81 4',
    'failed 127.0.0.1 81 4 ECONNREFUSED',
  ]);
  t.same(
    lines.filter((line) => /\b8[01] /.test(line) && !line.includes('attempt ')),
    ['1ms 80 accept', '3ms 81 refused', '4ms failed 127.0.0.1 81 4 ECONNREFUSED'],
  );
});
