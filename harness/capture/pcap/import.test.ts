import { readFileSync } from 'node:fs';
import t from 'tap';
import { CLIENT, connection, imported, pcap, SECOND_US, type Spoken } from './capture.fixture.ts';
import { bytesBy, rst, SAID, spokenBy, syn, TALK } from './talk.fixture.ts';

t.test('shuffled, repeated and lost packets', async (t) => {
  const packets = connection(TALK);
  const [s, sa, a, ...rest] = packets;
  const shuffled = [
    s!,
    sa!,
    a!,
    rest[2]!,
    rest[0]!,
    rest[0]!,
    rest[3]!,
    rest[1]!,
    ...rest.slice(3),
  ];
  const read = await imported(pcap(shuffled));
  t.strictSame(read.lines.toSorted(), SAID.toSorted());
  t.equal(read.bytes('received').compare(bytesBy('client')), 0);
  t.equal(read.bytes('sent').compare(bytesBy('server')), 0);
  const without = await imported(pcap(packets.filter((_, index) => index !== 4)));
  t.strictSame(without.lines, [
    'alpha.pipe connect',
    'alpha.pipe hello mode=online',
    'alpha.pipe lease-request program=a',
    // It might still have come, for 10 ms.
    'alpha.pipe close by=client',
    `alpha.pipe gap of=server length=${TALK[1]!.bytes.length} why=not-captured`,
    'alpha.pipe lease-grant program=a lease=alpha-1',
  ]);
  t.match(without.texts, [/were not captured/]);
});

t.test('attempts: refused at once, and unanswered at the time of their first SYN', async (t) => {
  const read = await imported(
    pcap([
      syn(SECOND_US, 50_001),
      rst(SECOND_US + 10, 50_001),
      rst(SECOND_US + 11, 50_001),
      syn(2 * SECOND_US, 50_002),
      syn(3 * SECOND_US, 50_002),
      syn(5 * SECOND_US, 50_002),
      ...connection(TALK, { startUs: 20 * SECOND_US }),
      syn(20 * SECOND_US + 500_000, 50_003),
    ]),
  );
  t.strictSame(read.lines, ['alpha.pipe refused', 'alpha.pipe unanswered', ...SAID]);
  t.equal(read.trace.events[1]!.at, 1_000_000_000n);
  t.match(read.texts, [/ends less than a second after a connection attempt/]);
  t.ok(read.trace.events.every(({ from }) => from === 'ws1'));
});

t.test(
  'a reset, a connection from the middle, and one that follows between the same ports',
  async (t) => {
    const packets = connection(TALK, { client: { ...CLIENT, port: 50_001 } });
    const reset = [...packets.slice(0, 5), rst(SECOND_US + 9000, 50_001)];
    t.match((await imported(pcap(reset))).lines, [
      'alpha.pipe connect',
      'alpha.pipe hello mode=online',
      'alpha.pipe reset by=server',
    ]);
    const middle = await imported(pcap(packets.slice(4)));
    t.strictSame(middle.lines, [
      'alpha.pipe gap of=client why=began-before',
      'alpha.pipe gap of=server why=began-before',
      'alpha.pipe lease-request program=a',
      'alpha.pipe lease-grant program=a lease=alpha-1',
      'alpha.pipe close by=client',
    ]);
    t.match(middle.texts, [/^24: a connection that began before the capture/]);
    const again = await imported(
      pcap([
        ...packets.slice(0, 6),
        ...connection(TALK, {
          client: { ...CLIENT, port: 50_001 },
          isnClient: 77,
          startUs: 9 * SECOND_US,
        }),
      ]),
    );
    t.equal(again.connections, 2);
    t.equal(again.lines.filter((line) => line === 'alpha.pipe connect').length, 2);
  },
);

t.test('packets that the snap length cut', async (t) => {
  const packets = connection(TALK).map(({ atUs, frame }) => ({
    atUs,
    frame: frame.subarray(0, 56),
    wireLength: frame.length,
  }));
  const read = await imported(pcap(packets));
  t.match(read.texts, [/^(\d+): \d+ bytes of a packet are cut off by the snap length/]);
  t.ok(read.lines.includes('alpha.pipe connect'));
  t.ok(read.lines.includes('alpha.pipe close by=client'));
  const gaps = read.trace.events.filter(({ event }) => event === 'gap');
  const missing = gaps.reduce((sum, { fields }) => sum + Number(fields['length']), 0);
  const there = read.bytes('received').length + read.bytes('sent').length;
  t.equal(there + missing, bytesBy('client').length + bytesBy('server').length);
});

t.test('a clock that goes backward', async (t) => {
  const packets = connection(TALK).map((packet, index) => ({
    ...packet,
    atUs: packet.atUs + (index < 4 ? 3600 * SECOND_US : 0),
  }));
  const read = await imported(pcap(packets));
  t.strictSame(read.lines, SAID);
  t.match(read.texts, [/^\d+: the clock goes backward by 59m59s999ms/]);
  t.equal(read.durationNs, 8_000_000n, 'what passes behind the jump passes');
});

t.test('several clients behind one address', async (t) => {
  const one = connection(spokenBy('ws1'), { client: { ...CLIENT, port: 1001 } });
  const two = connection(spokenBy('ws2'), {
    client: { ...CLIENT, port: 1002 },
    startUs: SECOND_US + 300,
  });
  const woven = [...one, ...two].toSorted((a, b) => a.atUs - b.atUs);
  const read = await imported(pcap([...woven, syn(9 * SECOND_US, 1003), rst(9 * SECOND_US, 1003)]));
  t.strictSame(read.clients, ['10.0.0.9', 'ws1', 'ws2']);
  t.match(read.texts, [/^-: behind 10\.0\.0\.9 are several clients \(ws1, ws2\)/]);
  const from = (conn: number): Set<string | undefined> =>
    new Set(read.trace.events.filter((event) => event.conn === conn).map((event) => event.from));
  t.strictSame([from(1), from(2)], [new Set(['ws1']), new Set(['ws2'])]);
});

t.test('ciphertext is kept as bytes, and said to be ciphertext', async (t) => {
  const talk: Spoken[] = [
    { by: 'client', bytes: Buffer.from('16030100050100000000', 'hex') },
    { by: 'server', bytes: Buffer.from('16030300050200000000', 'hex') },
  ];
  const read = await imported(pcap(connection(talk)));
  t.strictSame(read.lines, [
    'alpha.pipe connect',
    'alpha.pipe opaque why=tls',
    'alpha.pipe close by=client',
  ]);
  t.equal(read.bytes('received').length, 10);
  t.match(read.texts, [/^24: connection 1 with alpha\.pipe is not understood \(tls\)/]);
});

t.test('no more than the bound waits out of order', async (t) => {
  const talk: Spoken[] = Array.from({ length: 40 }, () => ({
    by: 'client',
    bytes: Buffer.alloc(1000),
  }));
  const packets = connection(talk);
  const read = await imported(pcap(packets.filter((_, index) => index !== 5)), {
    maxHeldBytes: 10_000,
  });
  t.match(read.lines, [
    'alpha.pipe connect',
    'alpha.pipe gap of=client length=1000 why=order-limit',
    /close/,
    /opaque/,
  ]);
  t.equal(read.bytes('received').length, 39_000);
  t.match(read.texts, [/too much came out of order/, /not understood/]);
});

t.test(
  'a capture that tcpdump took on all devices: the primary refuses, the next server takes the record',
  async (t) => {
    const read = await imported(readFileSync(new URL('fixture/tcpdump-any.pcap', import.meta.url)));
    const record = '30671e09-8774-4fc3-b34b-dca7579bd735';
    const log = '00000001-3bbeb56b-1dfe-4ff5-97f6-3b5280cf5759.log';
    t.strictSame(
      read.lines.filter((line) => !/ (connect|close) ?/.test(line)),
      [
        'alpha.share refused',
        'bravo.share probe status=200',
        `bravo.share upload-offer log=${log} records=1 record=${record}`,
        `bravo.share upload-accept log=${log} records=1 record=${record} status=201`,
        'bravo.share configuration version=1 status=200',
        'alpha.share refused',
        'bravo.share probe status=200',
      ],
    );
    t.strictSame([read.clients, read.texts], [['client'], []]);
  },
);
