// Servers in virtual time: Node programs that listen on the port that they are given, under the same clock as the client.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SECOND } from '../../clock/clock.ts';
import type { Dialed } from '../../shim/transport-virtual.ts';
import { playNode, type WorldSpec } from './node-world.fixture.ts';

const PORT = 4000;
type Play = NonNullable<WorldSpec['play']>;

/** Connects at that second of case time, does `act` when it is connected, and notes what comes. */
function dialAt(seconds: bigint, act: (socket: Dialed) => void = () => {}, port = PORT): Play {
  return ({ clock, network, note }) =>
    void clock.at(seconds * SECOND, () => {
      const socket: Dialed = network.dial('127.0.0.1', port, {
        connected() {
          note('> connected');
          act(socket);
        },
        failed: (code) => note(`> ${code}`),
        data: (bytes) => note(`> ${bytes.toString('latin1').replaceAll('\r\n', '|')}`),
        end: () => note('> end'),
        reset: () => note('> reset'),
      });
    });
}

/** Plays a server that is killed at that second. */
const serve = (program: string, until: bigint, plays: readonly Play[], more?: Partial<WorldSpec>) =>
  playNode({
    program: `import net from 'node:net';\n${program}`,
    env: { PORT: String(PORT) },
    listens: PORT,
    play: (world) => {
      plays.forEach((play) => play(world));
      // Nobody else has anything left to do.
      world.clock.at((until + 1n) * SECOND, () => {});
    },
    until: until * SECOND,
    ...more,
  });

t.test('a server answers, waits, hears the end and closes, in the time of the case', async (t) => {
  const { lines, error, stderr } = await serve(
    `const server = net.createServer((socket) => {
       const { remoteAddress, remotePort, localAddress, localPort, remoteFamily } = socket;
       console.log('from', remoteAddress, remotePort, 'to', localAddress, localPort, remoteFamily);
       socket.on('data', (data) => setTimeout(() => socket.write('late ' + data), 3_600_000));
       socket.on('end', () => server.close(() => console.log('closed')));
     });
     server.listen(process.env.PORT, () => console.log('at', JSON.stringify(server.address())));`,
    10_000n,
    [
      dialAt(1n, (socket) => socket.write(Buffer.from('hello'))),
      dialAt(7_200n, (socket) => socket.end()),
      dialAt(7_300n),
    ],
  );
  t.equal(error, undefined, stderr);
  t.same(lines, [
    `0s at {"address":"::","family":"IPv6","port":${PORT}}`,
    `1s1ms from ::ffff:127.0.0.1 32769 to ::ffff:127.0.0.1 ${PORT} IPv6`,
    '1s2ms > connected',
    '1h1s4ms > late hello',
    `2h1ms from ::ffff:127.0.0.1 32770 to ::ffff:127.0.0.1 ${PORT} IPv6`,
    '2h2ms > connected',
    '2h4ms > end',
    '2h1m40s2ms > ECONNREFUSED',
    '2h1m40s2ms exit SIGKILL',
  ]);
});

t.test('resets and ends are what they are on the wire, from either side', async (t) => {
  const { lines, error } = await serve(
    `net.createServer((socket) => {
       socket.on('data', (data) => (data == 'r' ? socket.resetAndDestroy() : socket.end('bye')));
       socket.on('error', (error) => console.log(error.code, error.syscall));
       socket.on('close', (had) => console.log('close', had));
     }).listen({ port: Number(process.env.PORT), host: 'localhost' });`,
    100n,
    [
      dialAt(1n, (socket) => socket.write(Buffer.from('r'))),
      dialAt(2n, (socket) => {
        socket.write(Buffer.from('e'));
        socket.end();
      }),
      dialAt(3n, (socket) => socket.reset()),
    ],
  );
  t.equal(error, undefined);
  t.same(
    lines.filter((line) => !line.includes('connected') && !line.includes('exit')),
    [
      '1s3ms close false',
      '1s4ms > reset',
      '2s3ms close false',
      '2s4ms > bye',
      '2s4ms > end',
      '3s3ms ECONNRESET read',
      '3s3ms close true',
    ],
  );
});

t.test('who writes to a server that has closed the connection is reset', async (t) => {
  const { lines } = await serve(
    `net.createServer((socket) => socket.destroy()).listen(Number(process.env.PORT), '127.0.0.1');`,
    10n,
    [
      ({ clock, network, note }) => {
        const quiet = { connected() {}, failed() {}, data() {} };
        const heard = { ...quiet, end: () => note('> end'), reset: () => note('> reset') };
        const socket = network.dial('127.0.0.1', PORT, heard);
        clock.at(SECOND, () => socket.write(Buffer.from('still there?')));
      },
    ],
  );
  t.same(lines, ['2ms > end', '1s2ms > reset', '1s2ms exit SIGKILL']);
});

t.test('an HTTP server: its dates, its time-outs, its connections kept and dropped', async (t) => {
  const get = (path: string) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const { lines, error, stderr } = await serve(
    `import http from 'node:http';
     http.createServer((request, response) => {
       if (request.url === '/slow') setTimeout(() => response.end('slow'), 90_000);
       else request.resume().on('end', () => response.end('fast'));
     }).listen(Number(process.env.PORT));`,
    200n,
    [
      dialAt(1n, (socket) => socket.write(get('/'))),
      dialAt(3n, (socket) => socket.write(get('/slow'))),
    ],
  );
  t.equal(error, undefined, stderr);
  const answer = (time: string, body: string) =>
    `HTTP/1.1 200 OK|Date: Mon, 05 Jan 2026 00:${time} GMT|Connection: keep-alive|Keep-Alive: timeout=5|Content-Length: 4||${body}`;
  const [, fast, , firstEnd, slow, secondEnd] = lines;
  t.equal(fast, `1s4ms > ${answer('00:01', 'fast')}`);
  t.equal(slow, `1m33s4ms > ${answer('01:33', 'slow')}`);
  // Node promises five seconds; its newer releases allow one more.
  t.match(firstEnd, /^[67]s4ms > end$/);
  t.match(secondEnd, /^1m3[89]s4ms > end$/);
});

t.test(
  'an HTTP server gives up requests that do not come to their end, when it is due',
  async (t) => {
    const part = 'POST / HTTP/1.1\r\nHost: x\r\n';
    const { lines, error, stderr } = await serve(
      `import http from 'node:http';
     const server = http.createServer({ headersTimeout: 60_000, requestTimeout: 300_000 }, (request) => request.resume());
     server.on('clientError', (error, socket) => { console.log(error.code); socket.destroy(); }).listen(Number(process.env.PORT));`,
      1_000n,
      [
        dialAt(1n, (socket) => socket.write(Buffer.from(part))),
        dialAt(2n, (socket) => socket.write(Buffer.from(`${part}Content-Length: 9\r\n\r\nhalf`))),
      ],
    );
    t.equal(error, undefined, stderr);
    // Node looks every thirty seconds.
    t.match(lines.filter((line) => !line.includes('connected')).slice(0, 4), [
      /^1m30s ERR_HTTP_REQUEST_TIMEOUT$/,
      /^1m30s1ms > end$/,
      /^5m30s ERR_HTTP_REQUEST_TIMEOUT$/,
      /^5m30s1ms > end$/,
    ]);
  },
);

t.test('a TLS server', async (t) => {
  const folder = t.testdir();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 9000'.split(
        ' ',
      ),
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const { stdout, error, stderr } = await serve(
    `import tls from 'node:tls';
     import fs from 'node:fs';
     const server = tls.createServer({ key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem') }, (socket) => {
       socket.on('data', (data) => socket.end('got ' + data));
     });
     server.listen(Number(process.env.PORT), () => {
       const socket = tls.connect({ port: process.env.PORT, rejectUnauthorized: false }, () => socket.write('hello'));
       socket.on('data', (data) => console.log(String(data), socket.getPeerCertificate().subject.CN));
       socket.on('close', () => server.close());
     });`,
    100n,
    [],
    { files: { 'key.pem': readFileSync(key, 'utf8'), 'cert.pem': readFileSync(cert, 'utf8') } },
  );
  t.equal(error, undefined, stderr);
  t.equal(stdout, 'got hello localhost\n', stderr);
});

t.test('a server that its parent starts, and one that comes back', async (t) => {
  const { lines, error, stderr } = await serve(
    `import { fork } from 'node:child_process';
     const start = () => fork('./server.mjs').on('exit', (code) => setTimeout(start, 10_000));
     start();`,
    100n,
    [dialAt(1n), dialAt(5n), dialAt(20n)],
    {
      files: {
        'server.mjs': `import net from 'node:net';
          net.createServer(() => setTimeout(() => process.exit(3), 2_000)).listen(Number(process.env.PORT));`,
      },
    },
  );
  t.equal(error, undefined, stderr);
  t.same(
    lines.filter((line) => line.includes('>')),
    [
      '1s2ms > connected',
      '3s2ms > end',
      '5s2ms > ECONNREFUSED',
      '20s2ms > connected',
      '22s2ms > end',
    ],
  );
});

t.test('a port that is taken, by itself or by another of its processes', async (t) => {
  const { stdout } = await serve(
    `const listen = () => net.createServer().listen(Number(process.env.PORT));
     const first = listen();
     listen().on('error', (error) => {
       console.log(error.code, error.syscall);
       first.close(() => listen().on('listening', () => console.log('again')));
     });`,
    10n,
    [],
  );
  t.equal(stdout, 'EADDRINUSE listen\nagain\n');
  const { error } = await serve(
    `import { fork } from 'node:child_process';
     net.createServer().listen(Number(process.env.PORT));
     if (!process.argv[2]) fork('./client.mjs', ['again']);`,
    10n,
    [],
  );
  t.match(error, /^escaped: a second process listens on \[::\]:4000, which virtual time/);
});

const escapes: readonly (readonly [what: string, program: string, named: RegExp])[] = [
  ['on another port', 'net.createServer().listen(8080)', /elsewhere.*4000 \(server\.listen 8080\)/],
  ['on any port', 'net.createServer().listen()', /elsewhere.*\(server\.listen 0\)/],
  ['on a path', "net.createServer().listen('/tmp/x.sock')", /\(server\.listen \/tmp\/x\.sock\)/],
  ['on a descriptor', 'net.createServer().listen({ fd: 0 })', /\(server\.listen a handle\)/],
  [
    'in a cluster',
    "import cluster from 'node:cluster'; if (cluster.isPrimary) cluster.fork(); else net.createServer().listen(4000)",
    /uses a cluster,/,
  ],
  ['after http was loaded before us', '', /node:http before its time is virtual/],
];
for (const [what, program, named] of escapes)
  t.test(`a server that listens ${what} is an escape`, async (t) => {
    const more =
      program === ''
        ? {
            files: { 'early.cjs': "require('node:http')" },
            env: { PORT: '1', NODE_OPTIONS: '--require=./early.cjs' },
          }
        : {};
    const { error } = await serve(program, 10n, [], more);
    t.match(error, /^escaped: client uses .*, which virtual time does not reach/);
    t.match(error, named);
  });
