import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { opaque } from '../../emulators/opaque/index.ts';
import { choosePorts, parseFaceSpec } from './face-spec.ts';
import { addressOf } from './recording.fixture.ts';

const HERE = '127.0.0.1';
const read = (text: string, faces = metering.faces) => parseFaceSpec(text, faces, HERE);

t.test('a server is named with its face, and where clients find it', (t) => {
  t.same(read('alpha=10.0.0.1:7001/pipe'), [
    {
      server: 'alpha',
      face: 'pipe',
      upstream: { host: '10.0.0.1', port: 7001 },
      address: HERE,
      port: undefined,
    },
  ]);
  t.match(read('a-1=[fd00::1]:80/share@127.0.0.2:8080'), [
    { upstream: { host: 'fd00::1', port: 80 }, address: '127.0.0.2', port: 8080 },
  ]);
  t.match(read('alpha=license.example:7001/pipe@[::1]:99'), [
    { upstream: { host: 'license.example' }, address: '::1', port: 99 },
  ]);
  t.match(read('alpha=10.0.0.1'), [
    { face: 'pipe', upstream: { port: 7230 } },
    { face: 'share', upstream: { port: 7280 } },
  ]);
  t.match(read('alpha=10.0.0.1:99', opaque.faces), [{ face: 'tcp', upstream: { port: 99 } }]);
  t.end();
});

t.test('what is no server is told with what would be right', (t) => {
  for (const [text, problem] of [
    ['alpha', /is not like alpha=/],
    ['alpha=10.0.0.1:1/pipe@x', /is not like alpha=/],
    ['alpha=10.0.0.1:1/pipe@1@2', /is not like alpha=/],
    ['Alpha=10.0.0.1:1/pipe', /is not like alpha=/],
    ['alpha=10.0.0.1:1/tcp', /"tcp" in .* is no face; there are pipe, share/],
    ['alpha=10.0.0.1:1', /does not say which face: add \/pipe or \/share/],
    ['alpha=10.0.0.1:0/pipe', /"0" in .* is no port/],
    ['alpha=10.0.0.1:70000/pipe', /"70000" in .* is no port/],
    ['alpha=10.0.0.1:1/pipe@name:1', /"name" in .* is no address/],
  ] as const)
    t.match(read(text), problem);
  t.end();
});

t.test('a port that is taken is passed over', async (t) => {
  const address = addressOf(30);
  const specs = ['alpha=10.0.0.1', 'bravo=10.0.0.2'].flatMap((text) => {
    const found = parseFaceSpec(text, metering.faces, address);
    return typeof found === 'string' ? [] : found;
  });
  const busy = createServer().listen({ host: address, port: 17_280 });
  await once(busy, 'listening');
  const ports = (await choosePorts(specs, metering.faces)).map(({ port }) => port);
  t.same(ports, [17_230, 17_281, 17_231, 17_282]);
  busy.close();
  await t.rejects(choosePorts([{ ...specs[0]!, address: '192.0.2.1' }], metering.faces), {
    code: 'EADDRNOTAVAIL',
  });
});
