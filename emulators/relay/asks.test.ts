// What relay says that can be asked of it, and answered by which faults, held to what it does.
import t from 'tap';
import { FakeClient, FakeHost, SETUP } from '../metering/fake-host.fixture.ts';
import { relay } from './index.ts';

const http = (line: string): Buffer =>
  Buffer.from(`${line} HTTP/1.1\r\nhost: a\r\nrelay-pool: word.exe\r\n\r\n`);

/** In the order of a session: the second claim extends the lease of the first. */
const REQUESTS = [
  ['probe', http('GET /v1/health')],
  ['lease-request', http('PUT /v1/nodes/n1')],
  ['lease-renew', http('PUT /v1/nodes/n1')],
  ['lease-release', http('DELETE /v1/nodes/n1')],
] as const;

t.test('each request is awaited under its word, and answered by its faults', async (t) => {
  const [{ asks, answerFaults }] = relay.faces as [(typeof relay.faces)[0]];
  t.same(
    Object.keys(asks!),
    REQUESTS.map(([word]) => word),
  );
  const host = new FakeHost();
  const client = new FakeClient(relay.create(host, SETUP), host, 'pipe');
  const decoder = relay.decoders!()('alpha', 'pipe');
  for (const [word, bytes] of REQUESTS) {
    host.faultsAskedFor.clear();
    decoder.client(bytes);
    t.equal(decoder.awaited!(), word);
    decoder.server(await client.exchange(bytes));
    t.equal(decoder.awaited!(), undefined, `${word}: answered`);
    t.same([...host.faultsAskedFor].toSorted(), [...asks![word]!].toSorted(), word);
  }
  const used = new Set(Object.values(asks!).flat());
  t.same(Object.keys(answerFaults).toSorted(), [...used].toSorted(), 'every fault has a request');
});
