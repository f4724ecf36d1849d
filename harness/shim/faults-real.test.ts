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

t.test('what a raw client sees on real sockets is what it sees on the virtual network', (t) => {
  t.jobs = WIRE_PROBES.length;
  WIRE_PROBES.forEach((probe, index) =>
    t.test(probe.about, async (t) => {
      const clock = new RealClock();
      const raw = new RealRawClient(BOUND_MS, SILENCE_MS);
      const address = `${NETWORK}.${process.pid % 250}.${index + 1}`;
      clock.start();
      try {
        const stage = { clock, transport: new RealTransport(), raw, address };
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
