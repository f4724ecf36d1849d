// Black holes on real sockets: what is proved here is silence and the client's next SYN, so it takes real time.
import t from 'tap';
import { RealRawClient } from './raw-client.fixture.ts';
import { RealTransport } from './transport-real.ts';
import type { Acceptor, Endpoint, Listening } from './transport.ts';

const SILENCE_MS = 500;
/** The SYN comes again after 1, 3 and 7 s. */
const RETRY_MS = 8_000;
const ENDPOINTS = 4;

const endpoints = Array.from({ length: ENDPOINTS }, (_, index): Endpoint => ({
  server: 'alpha',
  face: 'pipe',
  client: `ws${index}`,
  address: `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.${index + 1}`,
  port: 7232,
}));
const acceptor: Acceptor = {
  accept: () => ({ data: () => {}, end: () => {}, reset: () => {} }),
  attempted: () => t.fail('real sockets see no attempts'),
};
const raw = new RealRawClient(SILENCE_MS);
const attempts = () => endpoints.map(({ address, port }) => raw.connect(address, port));

void t.test(
  'a black hole answers no client, from the start and again, and lets them in afterwards',
  async (test) => {
    const transport = new RealTransport();
    const listeners = await Promise.all(
      endpoints.map((endpoint) => transport.listen(endpoint, 'black-hole', acceptor)),
    );
    const setAll = (state: Listening) =>
      Promise.all(listeners.map((listener) => listener.set(state)));

    for (let round = 0; round < 3; round++) {
      await setAll('black-hole');
      const lost = attempts();
      test.same(
        await Promise.all(lost.map((connection) => connection.until('silence'))),
        endpoints.map(() => true),
        `round ${round}: neither connect nor error`,
      );
      raw.close();
      await setAll('open');
      test.same(
        await Promise.all(attempts().map((connection) => connection.until('connect'))),
        endpoints.map(() => true),
        `round ${round}: a new attempt is answered as soon as the black hole is lifted`,
      );
    }

    await setAll('black-hole');
    const patient = new RealRawClient(RETRY_MS);
    const waiting = endpoints.map(({ address, port }) => patient.connect(address, port));
    // Their SYNs leave in the next tick: before it, the lifting could overtake them.
    await new Promise((resolve) => setImmediate(resolve));
    await setAll('open');
    test.same(
      await Promise.all(waiting.map((connection) => connection.until('connect'))),
      endpoints.map(() => true),
      'an attempt that was under way gets through with its next SYN',
    );
    test.same(
      waiting.map(({ seen }) => seen[0]),
      endpoints.map(() => 'connect'),
      'and saw nothing before',
    );
    await setAll('black-hole');
    await Promise.all(listeners.map((listener) => listener.close()));
    raw.close();
    patient.close();
  },
);
