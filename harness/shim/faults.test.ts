import t from 'tap';
import { SECOND } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import { WIRE_FAULTS } from './faults/index.ts';
import { runProbe, WIRE_PROBES } from './probe.fixture.ts';
import { VirtualRawClient } from './raw-client-virtual.fixture.ts';
import { VirtualNetwork } from './transport-virtual.ts';

for (const probe of WIRE_PROBES)
  t.test(`${probe.about}, on the virtual network: what a raw client must see`, async (t) => {
    const clock = new VirtualClock(0);
    const transport = new VirtualNetwork(clock);
    const raw = new VirtualRawClient(clock, transport, 20n * SECOND);
    const { sees, traced } = await runProbe(probe, {
      clock,
      transport,
      raw,
      address: '127.77.1.1',
    });
    // Nothing is lost or overtaken here: the first alternative is the only one.
    t.same(sees, probe.sees[0]);
    t.same(traced, probe.traced);
  });

t.test('every wire fault has its probe', (t) => {
  t.same(
    [...new Set(WIRE_PROBES.map(({ fault }) => fault.name))].toSorted(),
    Object.keys(WIRE_FAULTS).toSorted(),
  );
  t.end();
});
