import t from 'tap';
import { addressesBelow, portsOfLoopback, whyNoLoopback } from './places.ts';

const FACES = [
  { name: 'pipe', port: 7230 },
  { name: 'share', port: 7280 },
];

t.test('over IPv4 the address names client and server', (t) => {
  t.same(addressesBelow('127.77')(1, ['alpha', 'bravo'], FACES), [
    { name: 'alpha', address: '127.77.2.1', ports: { pipe: 7230, share: 7280 } },
    { name: 'bravo', address: '127.77.2.2', ports: { pipe: 7230, share: 7280 } },
  ]);
  t.end();
});

t.test('over IPv6 the port names client, server and face', (t) => {
  const places = portsOfLoopback(7231);
  t.same(places(0, ['alpha', 'bravo'], FACES), [
    { name: 'alpha', address: '::1', ports: { pipe: 7231, share: 7232 } },
    { name: 'bravo', address: '::1', ports: { pipe: 7233, share: 7234 } },
  ]);
  const servers = Array.from({ length: 16 }, (_, index) => `s${index}`);
  const all = Array.from({ length: 64 }, (_, client) => places(client, servers, FACES));
  const ports = all.flat().flatMap(({ ports: own }) => Object.values(own));
  t.equal(new Set(ports).size, 64 * 16 * 2, 'each its own');
  t.same([Math.min(...ports), Math.max(...ports)], [7231, 7231 + 64 * 16 * 2 - 1]);
  t.doesNotThrow(() => portsOfLoopback(10_000 + 99 * 200)(63, servers, FACES), 'in any block');
  t.throws(() => portsOfLoopback(32_700)(2, servers, FACES), /no room on ::1/);
  t.end();
});

t.test('a machine without the address is told the remedies', async (t) => {
  t.equal(await whyNoLoopback('127.0.0.1'), undefined);
  const why = await whyNoLoopback('2001:db8::1');
  t.match(why, /no 2001:db8::1 \(E\w+\): switch IPv6 on .* --time virtual/);
  t.match(
    await whyNoLoopback('192.0.2.1'),
    /does not reach itself at 192\.0\.2\.1 \(E\w+\): .*lo up/,
  );
});
