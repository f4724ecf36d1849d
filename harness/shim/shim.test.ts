// What several faults do together, and when they begin and end. What one fault does alone is proved by the probes.
import t from 'tap';
import type { FaultEnd } from '../case/plan.ts';
import { MINUTE, SECOND, type Nanos } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import { formatEvent } from '../trace/format.ts';
import { Recorder } from '../trace/recorder.ts';
import { ANSWER_BYTES, LINES } from './probe.fixture.ts';
import { VirtualRawClient } from './raw-client-virtual.fixture.ts';
import { Shim } from './shim.ts';
import { VirtualNetwork } from './transport-virtual.ts';

const ADDRESS = '127.77.1.1';

async function stage() {
  const clock = new VirtualClock(0);
  const transport = new VirtualNetwork(clock);
  const recorder = new Recorder(clock);
  const emulator = LINES.create({} as never, {} as never);
  const shim = new Shim({
    clock,
    recorder,
    transport,
    faces: LINES.faces,
    emulator: () => emulator,
  });
  await shim.open({ server: 'alpha', face: 'pipe', client: 'raw', address: ADDRESS, port: 7230 });
  const raw = new VirtualRawClient(clock, transport, 20n * SECOND);
  const down = (
    name: string,
    args: Record<string, string> = {},
    until: FaultEnd = { kind: 'up' },
  ) => shim.down({ kind: 'down', server: 'alpha', fault: { name, args }, newOnly: false, until });
  const ask = async (until: string) => {
    const connection = raw.connect(ADDRESS, 7230);
    if (await connection.until('connect')) connection.send(Buffer.from('please\n'));
    await connection.until(until);
    return [...connection.seen];
  };
  const pass = (to: Nanos): void => {
    for (let next = clock.next(); next !== undefined && next <= to; next = clock.next())
      clock.advanceTo(next);
    clock.advanceTo(to);
  };
  const changes = () =>
    recorder
      .events()
      .filter(({ event }) => event === 'down' || event === 'up')
      .map((event) => formatEvent(event).trim().replaceAll(/\s+/g, ' '));
  return { clock, recorder, shim, down, ask, pass, changes };
}

t.test('a server that flaps goes down again and again, until it is lifted', async (t) => {
  const { shim, down, ask, pass, changes } = await stage();
  down('refuse', {}, { kind: 'for', duration: 2n * MINUTE, every: 10n * MINUTE });
  t.same(await ask('refused'), ['refused']);
  pass(3n * MINUTE);
  t.same(await ask('data'), ['connect', `data(${ANSWER_BYTES})`]);
  pass(20n * MINUTE);
  t.same(await ask('refused'), ['refused']);
  shim.up('alpha');
  pass(60n * MINUTE);
  t.same(changes(), [
    '0s alpha down fault=refuse',
    '2m alpha up fault=refuse',
    '10m alpha down fault=refuse',
    '12m alpha up fault=refuse',
    '20m alpha down fault=refuse',
    '20m2ms alpha up fault=refuse',
  ]);
});

t.test('faults that overlap act together, in the order in which they began', async (t) => {
  const { clock, down, ask } = await stage();
  down('slow', { latency: '5s' });
  down('duplicate');
  down('cut', { bytes: '100', with: 'fin' });
  t.same(await ask('fin'), ['connect', 'data(100)', 'fin']);
  t.ok(clock.now() >= 5n * SECOND);
});

t.test('the latency of a slow line and its rate add up', async (t) => {
  const { clock, down, ask } = await stage();
  down('slow', { latency: '2s', rate: '32' });
  t.same(await ask(`data(${ANSWER_BYTES})`), ['connect', `data(${ANSWER_BYTES})`]);
  t.equal(clock.now() / SECOND, 4n);
});

t.test('a restart resets what is established, but not what is half open', async (t) => {
  const { shim, recorder, ask, down } = await stage();
  await ask('data');
  down('half-open');
  shim.restart('alpha');
  t.equal(
    recorder.events().some(({ event }) => event === 'reset'),
    false,
  );
  shim.up('alpha');
  await ask('data');
  shim.restart('alpha');
  t.equal(recorder.events().filter(({ event }) => event === 'reset').length, 2);
});
