import { createServer, type Server } from 'node:net';
import t from 'tap';
import type { Emulator, Host } from '../../emulators/emulator.ts';
import { metering } from '../../emulators/metering/index.ts';
import { opaque } from '../../emulators/opaque/index.ts';
import { lineOf } from '../capture/capture-file.ts';
import { setupOf } from '../run/servers.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { playAsClient } from './as-client.ts';
import {
  captureIn,
  caseOf,
  CORPUS,
  FIELD,
  fromTheField,
  spread,
  withoutBytes,
} from './corpus.fixture.ts';
import { playToRealServers, type ServerAddress } from './real-servers.ts';

const ONLINE = 'captures/reference-rtm-online-old-seat-released-after-return.jsonl';
const OFFLINE = 'captures/reference-offline-primary-refuses.jsonl';
const options = { file: 'a.jsonl', dialect: metering, seed: 1 };

t.test('each session of the corpus gets the recorded answers from emulated servers', async (t) => {
  for (const file of CORPUS) {
    const trace = captureIn(file);
    const plan = caseOf(trace.header.case);
    const { differences, attempts, compared } = await playAsClient(trace, { ...options, plan });
    t.strictSame(differences, [], file);
    t.ok(compared === attempts && attempts > 3, `${file}: all of them`);
    const real = await playAsClient(spread(trace), { ...options, plan });
    t.strictSame(real.differences, [], `${file}: in real time`);
  }
});

t.test('a server in another state answers otherwise, and the line tells where', async (t) => {
  const trace = captureIn(ONLINE);
  const plan = { ...caseOf(trace.header.case), seats: { 'word.exe': 0 } };
  const { differences } = await playAsClient(trace, { ...options, plan });
  const [first] = differences;
  t.match(first, { place: 'alpha.pipe', recorded: 'lease-grant program=word.exe' });
  t.equal(first?.now, 'lease-deny program=word.exe why=no-seat');
  t.match(trace.events[first!.index], { event: 'lease-grant' });
  t.ok(lineOf(first!.index) > 2);
});

t.test('a downtime that is not there now shows in the attempts', async (t) => {
  const trace = captureIn(OFFLINE);
  const events = trace.events.filter(({ event }) => event !== 'down' && event !== 'up');
  const { differences } = await playAsClient({ ...trace, events }, options);
  t.match(differences[0], { place: 'alpha.share', recorded: 'refused', now: 'accepted' });
});

t.test('a capture of the wire: downtimes are inferred, and nothing differs', async (t) => {
  for (const trace of [
    ...[OFFLINE, ONLINE].map((file) => fromTheField(captureIn(file))),
    ...FIELD.map(captureIn),
  ]) {
    const { differences } = await playAsClient(trace, options);
    t.strictSame(differences, [], trace.header.case);
  }
});

/** Emulated servers behind real sockets. */
async function realServers(
  names: readonly string[],
  seats: Readonly<Record<string, number>> = {},
): Promise<{ addresses: ServerAddress[]; close: () => void }> {
  const open: Server[] = [];
  const emulators: Emulator[] = [];
  const addresses: ServerAddress[] = [];
  for (const server of names) {
    const host: Host = {
      server,
      wallMs: () => Date.now(),
      after: () => () => {},
      note: () => {},
      answerFault: () => undefined,
    };
    const setup = { ...setupOf(caseOf('online/old-seat-released-after-return'), 1), seats };
    const emulator = metering.create(host, setup);
    emulators.push(emulator);
    for (const { name: face } of metering.faces) {
      const listener = createServer({ allowHalfOpen: true }, (stream) =>
        emulator.accept(face, { stream, client: 'x', request: () => true, note: () => {} }),
      );
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      const { port } = listener.address() as { port: number };
      open.push(listener);
      addresses.push({ server, face, host: '127.0.0.1', port });
    }
  }
  return {
    addresses,
    close: () => {
      for (const emulator of emulators) emulator.close();
      for (const listener of open) listener.close();
    },
  };
}

t.test(
  'real servers are asked as fast as they answer; leases have the names that they give',
  async (t) => {
    const trace = captureIn(ONLINE);
    const { addresses, close } = await realServers(['alpha', 'bravo']);
    t.teardown(close);
    // Another client has had a lease already: what was called alpha-1 is now alpha-2.
    const real = { file: 'a.jsonl', dialect: metering, pace: 'answers', answerMs: 400 } as const;
    await playToRealServers(trace, { ...real, servers: addresses });
    const { differences, attempts, compared, events } = await playToRealServers(trace, {
      ...real,
      servers: addresses,
    });
    t.ok(compared > 3 && compared < attempts, 'what belongs to a downtime is left out');
    const told = differences.map(({ recorded, now }) => `${recorded} | ${now}`);
    t.strictSame(
      told.filter((text) => !text.startsWith('upload-accept')),
      [],
    );
    t.match(
      told.join(),
      /upload-accept records=1 status=201 \| upload-accept records=1 status=200/,
    );
    const granted = events.find(({ event, actor }) => event === 'lease-grant' && actor === 'bravo');
    const released = events.find(
      ({ event, actor }) => event === 'lease-release' && actor === 'bravo',
    );
    t.not(granted?.fields['lease'], 'bravo-1');
    t.equal(released?.fields['lease'], granted?.fields['lease']);
  },
);

t.test(
  'a real server without a seat, one that is away, one that the capture does not know',
  async (t) => {
    const trace = captureIn(ONLINE);
    const { addresses, close } = await realServers(['alpha', 'bravo'], { 'word.exe': 0 });
    const real = { file: 'a.jsonl', dialect: metering, pace: 'answers', answerMs: 200 } as const;
    const none = await playToRealServers(trace, { ...real, servers: addresses });
    t.match(
      none.differences.map(({ now }) => now).join(),
      /lease-deny program=word\.exe why=no-seat/,
    );
    close();
    const away = await playToRealServers(trace, { ...real, servers: addresses });
    t.ok(away.differences.length > 0 && away.differences.every(({ now }) => now === 'refused'));
    const strange = [{ ...addresses[0]!, server: 'zulu' }];
    await t.rejects(
      playToRealServers(trace, { ...real, servers: strange }),
      /nothing in it was sent to zulu\.pipe; it has alpha\.pipe/,
    );
  },
);

t.test('of bytes that nobody understands the lengths are compared', async (t) => {
  const trace = captureIn(OFFLINE);
  const bare = trace.events.filter(({ event }) => !/^(probe|upload|configuration)/.test(event));
  const { addresses, close } = await realServers(['alpha', 'bravo']);
  t.teardown(close);
  const { differences, compared } = await playToRealServers(
    { ...trace, events: bare },
    {
      file: 'a.jsonl',
      dialect: opaque,
      servers: addresses,
      pace: 'answers',
      answerMs: 200,
    },
  );
  t.ok(compared > 3);
  t.ok(differences.every(({ recorded, now }) => /^\d+ bytes/.test(recorded) && recorded !== now));
});

t.test('what cannot be sent is refused with its reason', async (t) => {
  const trace = captureIn(OFFLINE);
  const only = (keep: (event: TraceEvent) => boolean): Trace => ({
    ...trace,
    events: trace.events.filter(keep),
  });
  const refused: readonly (readonly [trace: Trace, why: RegExp])[] = [
    [only(({ face }) => face === undefined), /a\.jsonl: no line of it is a connection attempt/],
    [
      only(({ event, conn }) => event !== 'connect' || conn !== 2),
      /a\.jsonl:\d+: connection 2 is recorded from its middle on/,
    ],
    [
      { ...trace, events: trace.events.map(withoutBytes) },
      /a\.jsonl:\d+: the bytes of this line are not in the capture/,
    ],
  ];
  for (const [bad, why] of refused) await t.rejects(playAsClient(bad, options), why);
});
