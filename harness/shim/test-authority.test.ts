import { X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { once } from 'node:events';
import { connect } from 'node:tls';
import t from 'tap';
import { integer, objectId, octets, time } from './der.ts';
import { terminator } from './terminate.ts';
import { TestAuthority } from './test-authority.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

t.test('values are written as in the examples of X.690 and RFC 5280', (t) => {
  t.equal(hex(objectId('2.5.29.17')), '0603551d11');
  t.equal(hex(objectId('1.2.840.10045.4.3.2')), '06082a8648ce3d040302');
  t.equal(hex(integer(Uint8Array.of(0x80))), '02020080', 'positive');
  t.equal(hex(octets(new Uint8Array(127))).slice(0, 4), '047f');
  t.equal(hex(octets(new Uint8Array(128))).slice(0, 6), '048180');
  t.equal(hex(octets(new Uint8Array(500))).slice(0, 8), '048201f4');
  t.equal(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2), '491231235959Z');
  t.equal(time(Date.UTC(2050, 0, 1)).toString('latin1', 2), '20500101000000Z');
  t.equal(time(Date.UTC(1949, 0, 1)).toString('latin1', 2), '19490101000000Z');
  t.end();
});

t.test('a certificate says who it is for, from when to when, and who has signed', (t) => {
  const authority = new TestAuthority(Date.UTC(2030, 5, 15));
  const root = new X509Certificate(authority.cert);
  const leaf = new X509Certificate(
    authority.identify(['alpha', '127.100.1.1', '::1', 'a.test']).cert,
  );
  t.equal(root.ca, true);
  t.equal(leaf.ca, false);
  t.ok(root.verify(root.publicKey) && leaf.verify(root.publicKey) && leaf.checkIssued(root));
  const six = 'IP Address:0:0:0:0:0:0:0:1';
  t.equal(leaf.subjectAltName, `DNS:alpha, IP Address:127.100.1.1, ${six}, DNS:a.test`);
  t.equal(leaf.checkIP('::1'), '::1');
  t.equal(leaf.checkIP('127.100.1.1'), '127.100.1.1');
  t.equal(leaf.checkHost('a.test'), 'a.test');
  t.equal(leaf.checkHost('bravo'), undefined);
  t.equal(leaf.validFrom, 'Jun 14 00:00:00 2030 GMT');
  t.equal(leaf.validTo, 'Jul 20 00:00:00 2031 GMT');
  const both = new X509Certificate(new TestAuthority(0, Date.UTC(2060, 0, 1)).cert);
  t.equal(both.validFrom, 'Dec 31 00:00:00 1969 GMT');
  t.equal(both.validTo, 'Feb  4 00:00:00 2061 GMT');
  const other = new X509Certificate(new TestAuthority(0).cert);
  t.notOk(leaf.verify(other.publicKey), 'each authority has keys of its own');
  t.end();
});

/** A client at the other end of a pair that asks for `servername`. */
function dial(epochMs: number, servername: string, trusts?: TestAuthority) {
  const authority = new TestAuthority(epochMs);
  const [near, far] = duplexPair();
  const plaintext = terminator(authority, ['alpha', '127.100.1.1'])({ stream: far });
  const ca = (trusts ?? authority).cert;
  return { client: connect({ socket: near, servername, ca }), plaintext, accepted: far };
}

t.test(
  'a client that knows the authority verifies the server, and bytes come through',
  async (t) => {
    const { client, plaintext, accepted } = dial(Date.now(), 'alpha');
    await once(client, 'secureConnect');
    t.equal(client.authorized, true);
    client.write('hello');
    t.equal(String((await once(plaintext, 'data'))[0]), 'hello');
    plaintext.end('bye');
    t.equal(String((await once(client, 'data'))[0]), 'bye');
    const gone = once(client, 'close');
    accepted.destroy();
    await once(plaintext, 'close');
    client.destroy();
    await gone;
  },
);

t.test('what leaves before the server can have spoken is of TLS alone', async (t) => {
  for (const isFirst of [true, false]) {
    const authority = new TestAuthority(Date.now());
    const [near, far] = duplexPair();
    let isOwn = (): boolean => false;
    const ownBytes = (asked: () => boolean): void => void (isOwn = asked);
    const own: boolean[] = [];
    const write = far.write.bind(far) as (...args: unknown[]) => boolean;
    far.write = (...args: unknown[]) => {
      own.push(isOwn());
      return write(...args);
    };
    const plaintext = terminator(authority, ['alpha'])({ stream: far, ownBytes });
    if (isFirst) plaintext.write('welcome');
    const client = connect({ socket: near, servername: 'alpha', ca: authority.cert });
    client.on('secureConnect', () => client.write('hello'));
    plaintext.on('data', () => setImmediate(() => plaintext.write('answer')));
    await once(client, 'data');
    t.equal(own[0], true, 'the handshake');
    t.equal(own.at(-1), false, 'the server');
    if (!isFirst) t.equal(own.indexOf(false), own.length - 1, 'tickets are no answer');
    client.destroy();
    plaintext.destroy();
  }
});

const refused: readonly (readonly [what: string, code: string, ...Parameters<typeof dial>])[] = [
  ['another name', 'ERR_TLS_CERT_ALTNAME_INVALID', Date.now(), 'bravo'],
  ['another date', 'CERT_HAS_EXPIRED', Date.UTC(2020, 0, 1), 'alpha'],
  ['another authority', '', Date.now(), 'alpha', new TestAuthority(Date.now())],
];
for (const [what, code, ...rest] of refused)
  t.test(`${what} is refused by the client`, async (t) => {
    const { client } = dial(...rest);
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    t.match(error.code, code || /UNABLE_TO|SELF_SIGNED|SIGNATURE/);
  });
t.test('what is not TLS is ended, and harms nobody', async (t) => {
  const [near, far] = duplexPair();
  const plaintext = terminator(new TestAuthority(Date.now()), ['alpha'])({ stream: far });
  const ended = Promise.all(
    [plaintext, far].map((end) => new Promise((done) => end.on('close', done))),
  );
  near.resume().write('GET / HTTP/1.1\r\n\r\n');
  await ended;
  t.equal(far.errored, null, 'not a reset');
});
