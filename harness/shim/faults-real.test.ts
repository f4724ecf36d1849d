import { networkInterfaces } from 'node:os';
import t from 'tap';
import { RealClock } from '../clock/real.ts';
import { runProbe, WIRE_PROBES } from './probe.fixture.ts';
import { RealRawClient } from './raw-client.fixture.ts';
import { RealTransport } from './transport-real.ts';

/** How long silence must last to be believed; everything else may take as long as a machine under load needs. */
const SILENCE_MS = 1_000;
const BOUND_MS = 20_000;
/** Loopback addresses of this file, apart from those that a run uses. */
const NETWORK = '127.90';
/** And ports of ::1. */
const FIRST_PORT = 9_000 + (process.pid % 20) * 40;

const loopback = Object.values(networkInterfaces()).flatMap((all = []) => all);
const PLACES: Readonly<Record<string, (index: number) => { address: string; port: number }>> = {
  IPv4: (index) => ({ address: `${NETWORK}.${process.pid % 250}.${index + 1}`, port: 7230 }),
  ...(loopback.some(({ address }) => address === '::1') && {
    IPv6: (index) => ({ address: '::1', port: FIRST_PORT + index }),
  }),
};
const probes = Object.entries(PLACES).flatMap(([network, placeOf]) =>
  WIRE_PROBES.map((probe, index) => ({ probe, network, place: placeOf(index) })),
);

t.test('what a raw client sees on real sockets is what it sees on the virtual network', (t) => {
  t.jobs = probes.length;
  probes.forEach(({ probe, network, place }) =>
    t.test(`${probe.about}, ${network}`, async (t) => {
      const clock = new RealClock();
      const raw = new RealRawClient(BOUND_MS, SILENCE_MS);
      clock.start();
      try {
        const stage = { clock, transport: new RealTransport(), raw, ...place };
        const { sees, traced } = await runProbe(probe, stage);
        t.ok(
          probe.sees.some((words) => words.join() === sees.join()),
          `saw ${sees.join(', ')}`,
        );
        t.same(traced, probe.traced);
      } finally {
        raw.close();
        clock.close();
      }
    }),
  );
  t.end();
});
