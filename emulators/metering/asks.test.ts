// What the faces say that can be asked of them, and answered by which faults, held to what they do.
import t from 'tap';
import { encode, type Message } from './codec/index.ts';
import { FakeClient, FakeHost, HELLO, requestUse, SETUP } from './fake-host.fixture.ts';
import { metering } from './index.ts';

const APP = { program: 'word.exe', originalName: '', version: '' };
const http = (line: string, body = ''): Buffer =>
  Buffer.from(`${line} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
const frame = (message: Message): Buffer => encode(message, 2);
const REQUESTS: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  pipe: {
    hello: frame(HELLO),
    'lease-request': frame(requestUse('word.exe')),
    'lease-renew': frame({ type: 'live-status', leases: [] }),
    'lease-release': frame({ type: 'release', lease: 'alpha-1' }),
    'lease-checkout': frame({ type: 'check-out', ...APP, durationMs: 9000 }),
    'lease-checkin': frame({ type: 'check-in', lease: 'alpha-1' }),
    'callback-request': frame({ type: 'request-callback', ...APP }),
    configuration: frame({ type: 'get-configuration' }),
  },
  share: {
    probe: http('GET /LicMtr/dbup.ini'),
    'upload-offer': http(
      'PUT /LicMtr/Inboxes/Offline/a.log',
      `${JSON.stringify({ id: 'r1', client: 'ws1', user: 'u', workstation: 'w', ...APP, start: '1999-03-01T08:00:00.000Z', stop: '1999-03-01T09:00:00.000Z' })}\n`,
    ),
    configuration: http('GET /LicMtr/LICMTR.CFG'),
  },
};

for (const { name: face, asks, answerFaults } of metering.faces)
  t.test(
    `${face}: each request is awaited under its word, and answered by its faults`,
    async (t) => {
      t.same(Object.keys(asks!).toSorted(), Object.keys(REQUESTS[face]!).toSorted());
      for (const [word, bytes] of Object.entries(REQUESTS[face]!)) {
        const host = new FakeHost();
        const client = new FakeClient(metering.create(host, SETUP), host, face);
        const decoder = metering.decoders!()('alpha', face);
        t.equal(decoder.awaited!(), undefined);
        if (face === 'pipe' && word !== 'hello') {
          const hello = encode(HELLO, 1);
          decoder.client(hello);
          decoder.server(await client.exchange(hello));
        }
        host.faultsAskedFor.clear();
        decoder.client(bytes.subarray(0, -1));
        const begun = face === 'pipe' || word !== 'upload-offer' ? 'request' : word;
        t.equal(decoder.awaited!(), begun, `${word}: begun`);
        decoder.client(bytes.subarray(-1));
        t.equal(decoder.awaited!(), word);
        const answer = await client.exchange(bytes);
        t.same([...host.faultsAskedFor].toSorted(), [...asks![word]!].toSorted(), word);
        decoder.server(answer.subarray(0, -1));
        t.equal(decoder.awaited!(), word, 'until the answer is whole');
        decoder.server(answer.subarray(-1));
        t.equal(decoder.awaited!(), undefined, `${word}: answered`);
      }
      const used = new Set(Object.values(asks!).flat());
      t.same(
        Object.keys(answerFaults).toSorted(),
        [...used].toSorted(),
        'every fault has a request',
      );
    },
  );
