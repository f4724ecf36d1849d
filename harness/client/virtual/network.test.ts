// Every way in which a Node program opens a connection. The servers are scripts on the virtual network: a way round it would find nobody.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import t from 'tap';
import type { Wire, WireListener } from '../../shim/transport.ts';
import { playNode, type WorldSpec } from './node-world.fixture.ts';

const REPORT = `
const from = Date.now();
const say = (...words) => console.log(...words, 'at', Date.now() - from);
const tries = async (name, action) => {
  try { say(name, await action()); } catch (error) {
    const cause = error.cause ?? error;
    say(name, error.name, cause.code ?? cause.name, cause.address ?? cause.hostname ?? '');
  }
};
`;
const SERVERS: NonNullable<WorldSpec['servers']> = [
  { port: 80 },
  { address: '::1', port: 80 },
  { port: 81, state: 'refuse' },
  { port: 82, state: 'black-hole' },
  { port: 83, accept: silent },
  { port: 84, accept: resetting },
];

function silent(wire: Wire): WireListener {
  wire.resume();
  return { data() {}, end() {}, reset() {} };
}

function resetting(wire: Wire): WireListener {
  wire.resume();
  return { data: () => wire.reset(), end() {}, reset() {} };
}

async function said(program: string, spec: Partial<WorldSpec> = {}): Promise<readonly string[]> {
  const { stdout, stderr, error } = await playNode({
    program: REPORT + program,
    servers: SERVERS,
    ...spec,
  });
  const rest = `${stderr}${error ?? ''}`;
  return [...stdout.trimEnd().split('\n'), ...(rest === '' ? [] : [rest])];
}

t.test('fetch: an answer, a refusal, a reset, time-outs of both kinds', async (t) => {
  const lines = await said(`
    const get = (port, init) => fetch(\`http://127.0.0.1:\${port}/\`, init).then((answer) => answer.text());
    await tries('open', () => get(80));
    await tries('again', () => get(80));
    await tries('refused', () => get(81));
    await tries('aborted', () => get(83, { signal: AbortSignal.timeout(5_000) }));
    await tries('reset', () => get(84));
    await tries('black hole', () => get(82));
    await tries('silent', () => get(83));
    await tries('posted', () => fetch('http://127.0.0.1:80/', { method: 'POST', body: '' }).then(({ status }) => status));
  `);
  t.match(lines, [
    /^open OK at 4$/,
    /^again OK at \d+$/,
    /^refused TypeError ECONNREFUSED 127.0.0.1 at /,
    /^aborted TimeoutError 23 {2}at 50\d\d$/,
    /^reset TypeError ECONNRESET {2}at /,
    /^black hole TypeError (UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT) /,
    /^silent TypeError UND_ERR_HEADERS_TIMEOUT {2}at 3[12]\d{4}$/,
    /^posted 200 at /,
  ]);
  t.equal(lines.length, 8);
});

t.test('http agents keep connections, and sockets keep their time-outs', async (t) => {
  const { stdout, stderr, lines } = await playNode({
    servers: SERVERS,
    program: `${REPORT}
      import http from 'node:http';
      import { once } from 'node:events';
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const get = (port, options = {}) => new Promise((done, fail) => {
        const request = http.get({ host: '127.0.0.1', port, agent, ...options }, async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          done(text + ' ' + request.reusedSocket);
        });
        request.on('error', fail);
        request.on('timeout', () => request.destroy(Object.assign(new Error('slow'), { code: 'SLOW' })));
      });
      await tries('first', () => get(80));
      await new Promise((done) => setTimeout(done, 1_000));
      await tries('second', () => get(80));
      await tries('time-out', () => get(83, { timeout: 15_000 }));
      await tries('connect time-out', () => get(82, { timeout: 3_000, agent: undefined }));
      await tries('both', () => Promise.all([get(80), get(80)]).then(String));
      agent.destroy();
    `,
  });
  t.equal(stderr, '');
  t.match(stdout.trim().split('\n'), [
    'first OK false at 4',
    'second OK true at 1006',
    'time-out Error SLOW  at 16008',
    'connect time-out Error SLOW  at 19008',
    /^both OK true,OK (true|false) at 19012$/,
  ]);
  t.equal(lines.filter((line) => line.endsWith('80 accept')).length, 1, 'one connection to 80');
});

t.test(
  'addresses: localhost, ::1, v4-mapped; names that do not resolve fail at once',
  async (t) => {
    const lines = await said(`
    import net from 'node:net';
    import dns from 'node:dns';
    import { lookup, Resolver } from 'node:dns/promises';
    const dial = (host, port = 80, more = {}) => new Promise((done, fail) => {
      const socket = net.connect({ host, port, ...more }, () => { done([socket.remoteAddress, socket.remoteFamily, socket.localPort > 0].join(' ')); socket.destroy(); });
      socket.on('error', fail);
    });
    for (const host of ['127.0.0.1', 'localhost', '::1', '::ffff:127.0.0.1', 'LOCALHOST.']) await tries(host, () => dial(host));
    await tries('refused ::1', () => dial('0:0:0:0:0:0:0:1', 83));
    await tries('unknown', () => dial('no-such-host.example'));
    await tries('fetch', () => fetch('http://no-such-host.example/'));
    await tries('lookup', () => lookup('no-such-host.example'));
    await tries('lookup here', () => lookup('localhost', { all: true }).then(JSON.stringify));
    await tries('lookup 6', () => lookup('localhost', { family: 6 }).then(JSON.stringify));
    await tries('callback', () => new Promise((done, fail) => dns.lookup('no-such-host.example', (error) => fail(error))));
    await tries('resolve', () => dns.promises.resolve4('no-such-host.example'));
    await tries('resolve mx', () => new Promise((done, fail) => dns.resolveMx('example.com', fail)));
    await tries('resolver', () => new Resolver().resolve('no-such-host.example'));
    await tries('own lookup', () => dial('alpha.test', 80, { lookup: (name, options, done) => setTimeout(() => done(null, '127.0.0.1', 4), 700), family: 4 }));
    await tries('own lookup of all', () => dial('alpha.test', 80, { lookup: (name, options, done) => options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4) }));
  `);
    t.same(lines, [
      '127.0.0.1 127.0.0.1 IPv4 true at 2',
      'localhost 127.0.0.1 IPv4 true at 4',
      '::1 ::1 IPv6 true at 6',
      '::ffff:127.0.0.1 ::ffff:127.0.0.1 IPv6 true at 8',
      'LOCALHOST. 127.0.0.1 IPv4 true at 10',
      'refused ::1 Error ECONNREFUSED 0:0:0:0:0:0:0:1 at 12',
      'unknown Error ENOTFOUND no-such-host.example at 12',
      'fetch TypeError ENOTFOUND no-such-host.example at 12',
      'lookup Error ENOTFOUND no-such-host.example at 12',
      'lookup here [{"address":"127.0.0.1","family":4}] at 12',
      'lookup 6 {"address":"::1","family":6} at 12',
      'callback Error ENOTFOUND no-such-host.example at 12',
      'resolve Error ENOTFOUND no-such-host.example at 12',
      'resolve mx Error ENOTFOUND example.com at 12',
      'resolver Error ENOTFOUND no-such-host.example at 12',
      'own lookup 127.0.0.1 IPv4 true at 714',
      'own lookup of all 127.0.0.1 IPv4 true at 716',
    ]);
  },
);

t.test('a name with several addresses: one after the other', async (t) => {
  const lines = await said(
    `
    import dns from 'node:dns';
    import http from 'node:http';
    import net from 'node:net';
    import { promisify } from 'node:util';
    const knows = (...addresses) => (name, options, done) =>
      options.all ? done(null, addresses.map((address) => ({ address, family: net.isIP(address) }))) : done(null, addresses[0], 4);
    const dial = (port, lookup, more) => new Promise((done, fail) => {
      const socket = net.connect({ host: 'alpha.test', port, lookup, ...more }, () => { done([socket.remoteAddress, ...socket.autoSelectFamilyAttemptedAddresses ?? []].join(' ')); socket.destroy(); });
      for (const event of ['Failed', 'Timeout']) socket.on('connectionAttempt' + event, (...way) => say(event, way.slice(0, 3).join(' ')));
      socket.on('error', fail);
    });
    await tries('refused first', () => dial(80, knows('127.0.0.3', '127.0.0.1')));
    await tries('silent first', () => dial(80, knows('127.0.0.4', '127.0.0.1'), { autoSelectFamilyAttemptTimeout: 300 }));
    await tries('families in turn', () => dial(80, knows('127.0.0.3', '127.0.0.1', '::1')));
    await tries('all refused', () => dial(81, knows('127.0.0.3', '127.0.0.1')).catch((error) => [error.name, error.code, error.errors.length].join(' ')));
    await tries('no choice', () => dial(80, knows('127.0.0.3', '127.0.0.1'), { autoSelectFamily: false }));
    await tries('one where all were asked for', () => dial(80, (name, options, done) => done(null, '127.0.0.1', 4)));
    await tries('http', () => new Promise((done, fail) => http.get('http://alpha.test/', { lookup: knows('127.0.0.3', '127.0.0.1') }, (answer) => done(answer.statusCode)).on('error', fail)));
    await tries('promised', () => promisify(dns.lookup)('localhost').then(JSON.stringify));
    dns.lookup = knows('127.0.0.1');
    await tries('dns.lookup of its own', () => dial(80));
    process.exit();
  `,
    {
      servers: [
        ...SERVERS,
        { address: '127.0.0.3', port: 80, state: 'refuse' },
        { address: '127.0.0.4', port: 80, state: 'black-hole' },
      ],
    },
  );
  t.same(lines, [
    'Failed 127.0.0.3 80 4 at 2',
    'refused first 127.0.0.1 127.0.0.3:80 127.0.0.1:80 at 4',
    'Timeout 127.0.0.4 80 4 at 304',
    'silent first 127.0.0.1 127.0.0.4:80 127.0.0.1:80 at 306',
    'Failed 127.0.0.3 80 4 at 308',
    'families in turn ::1 127.0.0.3:80 ::1:80 at 310',
    'Failed 127.0.0.3 81 4 at 312',
    'Failed 127.0.0.1 81 4 at 314',
    'all refused AggregateError ECONNREFUSED 2 at 314',
    'Failed 127.0.0.3 80 4 at 316',
    'no choice Error ECONNREFUSED 127.0.0.3 at 316',
    'one where all were asked for TypeError ERR_INVALID_IP_ADDRESS  at 316',
    'http 200 at 322',
    'promised {"address":"127.0.0.1","family":4} at 322',
    'dns.lookup of its own 127.0.0.1 at 324',
  ]);
});

t.test('TLS: handshake, data, a reset, a certificate that nobody vouches for', async (t) => {
  const { key, cert } = makeCertificate();
  const accept = tlsServer(key, cert);
  const { stdout, stderr, error, lines } = await playNode({
    servers: [
      { port: 443, accept },
      { port: 81, state: 'refuse' },
      { port: 83, accept: silent },
    ],
    files: { 'ca.pem': cert },
    program: `${REPORT}
      import tls from 'node:tls';
      import https from 'node:https';
      import fs from 'node:fs';
      const ca = fs.readFileSync('ca.pem');
      const dial = (options) => new Promise((done, fail) => {
        const socket = tls.connect({ host: '127.0.0.1', port: 443, ca, servername: 'alpha.test', ...options }, () => socket.write('ping'));
        socket.on('data', (data) => { done([data, socket.authorized, socket.getProtocol()].join(' ')); options.reset ? socket.resetAndDestroy() : socket.end(); });
        socket.on('error', fail);
        socket.on('timeout', () => socket.destroy(Object.assign(new Error('slow'), { code: 'SLOW' })));
      });
      await tries('tls', () => dial({}));
      await tries('by name', () => dial({ host: 'localhost' }));
      await tries('reset', () => dial({ reset: true }));
      await tries('unknown authority', () => dial({ ca: undefined }));
      await tries('wrong name', () => dial({ servername: 'bravo.test' }));
      await tries('refused', () => dial({ port: 81 }));
      await tries('silent', () => dial({ port: 83, timeout: 20_000 }));
      await tries('https', () => new Promise((done, fail) => {
        https.get({ host: '127.0.0.1', port: 443, ca, servername: 'alpha.test' }, (answer) => { answer.resume().on('end', () => done(answer.statusCode)); }).on('error', fail);
      }));
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      process.removeAllListeners('warning').on('warning', () => {});
      await tries('fetch', () => fetch('https://127.0.0.1:443/', { headers: { connection: 'close' } }).then((answer) => answer.text()));
    `,
  });
  t.equal(error, undefined);
  t.match(
    stdout.trim().split('\n'),
    [
      /^tls pong true TLSv1.3 at \d+$/,
      /^by name pong true TLSv1.3 at \d+$/,
      /^reset pong true TLSv1.3 at \d+$/,
      /^unknown authority Error (DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT\w*) {2}at \d+$/,
      /^wrong name Error ERR_TLS_CERT_ALTNAME_INVALID {2}at \d+$/,
      /^refused Error ECONNREFUSED 127.0.0.1 at \d+$/,
      /^silent Error SLOW {2}at 2\d{4}$/,
      /^https 200 at \d+$/,
      /^fetch OK at \d+$/,
    ],
    stderr,
  );
  t.equal(lines.filter((line) => line.endsWith('443 reset')).length, 1, 'an RST on the wire');
});

/** A TLS server on a wire: answers `pong` to `ping`, and an HTTP request. */
function tlsServer(key: string, cert: string): (wire: Wire) => WireListener {
  const { _sharedCreds: secureContext } = createTlsServer({ key, cert }) as unknown as {
    _sharedCreds: never;
  };
  return (wire) => {
    const raw = new Duplex({
      read: () => wire.resume(),
      write: (chunk: Buffer, _encoding, done) => wire.write(chunk, done),
      final: (done) => {
        wire.end();
        done();
      },
    });
    raw.on('error', () => {});
    const secured = new TLSSocket(raw, { isServer: true, secureContext });
    secured.on('error', () => {});
    secured.on('data', (data) =>
      secured.end(
        data.toString() === 'ping' ? 'pong' : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK',
      ),
    );
    return {
      data: (bytes) => raw.push(bytes),
      end: () => raw.push(null),
      reset: () => raw.destroy(),
    };
  };
}

function makeCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=alpha.test -addext subjectAltName=DNS:alpha.test';
  execFileSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return made;
}
