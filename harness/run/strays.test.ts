import t from 'tap';
import { addressesBelow, portsOfLoopback, type Places } from './places.ts';
import { type StrayContext, Strays } from './strays.ts';

const FACES = [
  { name: 'pipe', port: 7230 },
  { name: 'share', port: 7280 },
];

function context(places: Places, more: Partial<StrayContext> = {}): StrayContext {
  const clients = more.clients ?? ['client'];
  return {
    network: 'ipv4',
    clients,
    places: clients.map((_, index) => places(index, ['alpha', 'bravo'], FACES)),
    ...more,
  };
}

t.test('a place is told once, with where the servers are and what to do', (t) => {
  const strays = new Strays();
  t.same(strays.tell(context(addressesBelow('127.77'))).notes, []);
  strays.add('::1', 7280, 'client');
  strays.add('::1', 7280, 'client');
  t.same(strays.tell(context(addressesBelow('127.77'))).notes, [
    'client dialled ::1 port 7280, which is no server of this case, 2 times: alpha.share is at 127.77.1.1:7280, bravo.share is at 127.77.1.2:7280; for servers at [::1] write network: ipv6 in the profile',
  ]);
  t.end();
});

t.test('the places are those of the client that went astray', (t) => {
  const strays = new Strays();
  strays.add('10.0.0.1', 7230, 'ws2');
  strays.add('::1', 80);
  const [first, second] = strays.tell(
    context(addressesBelow('127.77'), { clients: ['ws1', 'ws2'] }),
  ).notes;
  t.match(
    first,
    /^ws2 dialled 10\.0\.0\.1 port 7230, .* case: alpha\.pipe is at 127\.77\.2\.1:7230/,
  );
  t.match(first, /a client must use what it is given/);
  t.match(second, /^a client dialled ::1 port 80, .*alpha\.pipe is .*alpha\.share is /);
  t.end();
});

t.test('with servers at [::1] it is IPv4 that is astray', (t) => {
  const strays = new Strays();
  strays.add('127.0.0.1', 7232);
  strays.add('::1', 9);
  const [first, second] = strays.tell(context(portsOfLoopback(7231), { network: 'ipv6' })).notes;
  t.match(
    first,
    /^client dialled .*: alpha\.share is at \[::1\]:7232; the profile says network: ipv6/,
  );
  t.match(second, /bravo\.share is at \[::1\]:7234; a client must use what it is given/);
  t.end();
});

t.test('who dials a real server itself is told so, whatever else is astray', (t) => {
  const strays = new Strays();
  strays.add('127.0.0.1', 1883);
  strays.add('127.0.0.1', 1884);
  strays.add('10.1.2.3', 1885);
  const behind = {
    alpha: { host: '127.0.0.1', port: 1883 },
    bravo: { host: '127.0.0.2', port: 1884 },
    charlie: { host: 'broker.example', port: 1885 },
  };
  const { notes, bypasses } = strays.tell(context(addressesBelow('127.77'), { behind }));
  t.match(notes, [/^client dialled 127\.0\.0\.1 port 1884, which is no server of this case/]);
  t.match(bypasses, [
    /^client dialled 127\.0\.0\.1:1883, the real server behind alpha, past Meterproof: .*must tell \{server\.alpha\.tcp\}/,
    /^client dialled 10\.1\.2\.3:1885, the real server behind charlie/,
  ]);
  t.end();
});

t.test('a client that dials everything is told of in a few lines', (t) => {
  const strays = new Strays();
  for (let port = 1; port <= 1_000; port++) strays.add('::1', port);
  const notes = strays.tell(context(addressesBelow('127.77'))).notes;
  t.equal(notes.length, 5);
  t.equal(notes.at(-1), 'and 996 attempts at other such places');
  t.end();
});
