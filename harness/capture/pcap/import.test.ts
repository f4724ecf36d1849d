import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { encode, type Message } from '../../../emulators/metering/codec/index.ts';
import { metering } from '../../../emulators/metering/index.ts';
import {
  CLIENT,
  connection,
  imported,
  pcap,
  SECOND_US,
  SERVER,
  words,
  type Captured,
  type Spoken,
} from './capture.fixture.ts';
import { parseServerSpec } from './endpoints.ts';
import { FLAG, tcpPacket } from './tcp-packet.ts';

const hello = (client: string): Message => ({
  type: 'hello',
  client,
  user: 'u',
  workstation: 'w',
  build: 'b',
  mode: 'online',
});
const spokenBy = (client: string): Spoken[] => [
  { by: 'client', bytes: encode(hello(client), 1) },
  { by: 'server', bytes: encode({ type: 'welcome', serverTimeMs: 1, configurationVersion: 1 }, 1) },
  {
    by: 'client',
    bytes: encode({ type: 'request-use', program: 'a', originalName: '', version: '' }, 2),
  },
  { by: 'server', bytes: encode({ type: 'granted', lease: 'alpha-1' }, 2) },
];
const TALK = spokenBy('ws1');
const SAID = [
  'alpha.pipe connect',
  'alpha.pipe hello mode=online',
  'alpha.pipe lease-request program=a',
  'alpha.pipe lease-grant program=a lease=alpha-1',
  'alpha.pipe close by=client',
];
const bytesBy = (by: Spoken['by'], talk = TALK): Buffer =>
  Buffer.concat(talk.filter((one) => one.by === by).map(({ bytes }) => bytes));
const syn = (atUs: number, port: number, sequence = 1): Captured => ({
  atUs,
  frame: tcpPacket({
    from: { ...CLIENT, port },
    to: SERVER,
    sequence,
    acknowledgement: 0,
    flags: FLAG.syn,
  }),
});
const rst = (atUs: number, port: number, sequence = 1): Captured => ({
  atUs,
  frame: tcpPacket({
    from: SERVER,
    to: { ...CLIENT, port },
    sequence: 0,
    acknowledgement: sequence + 1,
    flags: FLAG.rst | FLAG.ack,
  }),
});

t.test('pcap in both byte orders and both units of time', async (t) => {
  for (const shape of [{}, { isBig: true }, { isNano: true }, { isBig: true, isNano: true }]) {
    const read = await imported(pcap(connection(TALK), shape));
    t.strictSame(read.lines, SAID);
    t.equal(read.bytes('received').compare(bytesBy('client')), 0);
    t.equal(read.bytes('sent').compare(bytesBy('server')), 0);
    t.match(read.trace.header, { epoch: '1970-01-01T00:00:01.001Z', observer: 'capture' });
    t.equal(read.trace.events[0]!.at, 1_000_000n);
    t.strictSame([read.texts, read.clients, read.servers], [[], ['ws1'], ['alpha']]);
    t.strictSame(read.assumed, ['alpha=10.0.0.1:7230/pipe']);
  }
});

t.test('a piece of the file may end anywhere', async (t) => {
  const { CaptureFile } = await import('./capture-file.ts');
  const { Problems } = await import('./problems.ts');
  const file = pcap(connection(TALK));
  const whole = [...new CaptureFile({ file: 'a', problems: new Problems() }).push(file, true)];
  for (const size of [1, 7, 100]) {
    const reader = new CaptureFile({ file: 'a', problems: new Problems() });
    const lengths: number[] = [];
    for (let at = 0; at < file.length; at += size)
      for (const { bytes } of reader.push(file.subarray(at, at + size))) lengths.push(bytes.length);
    for (const { bytes } of reader.push(Buffer.alloc(0), true)) lengths.push(bytes.length);
    t.strictSame(
      lengths,
      whole.map(({ bytes }) => bytes.length),
    );
  }
});

t.test('every link type, IPv4 and IPv6, options and extension headers', async (t) => {
  const headers: Record<string, readonly [link: number, header: string]> = {
    ethernet: [1, '0102030405060708090a0b0c0800'],
    'two VLAN tags': [1, '0102030405060708090a0b0c88a80001810000020800'],
    'Linux cooked': [113, '00000001000600000000000000000800'],
    'Linux cooked v2': [276, '0800000000000001000100060000000000000000'],
    null: [0, '02000000'],
    'null, other order': [0, '00000002'],
    loop: [108, '00000002'],
    raw: [101, ''],
  };
  for (const [name, [link, hex]] of Object.entries(headers)) {
    const packets = connection(TALK).map((packet) => ({
      ...packet,
      frame: Buffer.concat([
        Buffer.from(hex, 'hex'),
        packet.frame,
        Buffer.alloc(link === 1 ? 6 : 0),
      ]),
    }));
    t.strictSame((await imported(pcap(packets, { link }))).lines, SAID, name);
  }
  const withOptions = connection(TALK).map((packet) => {
    const frame = Buffer.concat([
      packet.frame.subarray(0, 20),
      Buffer.alloc(8, 1),
      packet.frame.subarray(20),
    ]);
    frame[0] = 0x47;
    frame.writeUInt16BE(frame.length, 2);
    return { ...packet, frame };
  });
  t.strictSame((await imported(pcap(withOptions))).lines, SAID, 'IPv4 options');
  const ipv6 = connection(TALK).map((packet) => {
    const head = Buffer.alloc(40 + 8 + 8);
    head[0] = 0x60;
    head.writeUInt16BE(16 + packet.frame.length - 20, 4);
    // Hop by hop, then destination options, then TCP.
    head[6] = 0;
    head[40] = 60;
    head[48] = 6;
    for (const [at, from] of [
      [8, 12],
      [24, 16],
    ] as const) {
      head[at] = 0xfd;
      packet.frame.copy(head, at + 12, from, from + 4);
    }
    return { ...packet, frame: Buffer.concat([head, packet.frame.subarray(20)]) };
  });
  const read = await imported(pcap(ipv6));
  t.strictSame(read.lines, SAID, 'IPv6');
  t.strictSame(read.assumed, ['alpha=[fd00::a00:1]:7230/pipe']);
  const spec = parseServerSpec('mine=[fd00:0::0a00:1]:7230/pipe', metering.faces);
  t.type(spec, 'object');
  if (typeof spec === 'object')
    t.match((await imported(pcap(ipv6), { servers: [spec] })).lines[0], /^mine\.pipe connect/);
  await t.rejects(imported(pcap(connection(TALK), { link: 147 })), /link type 147/);
});

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

t.test('fragments are reported, and what the first has is used', async (t) => {
  const packets = connection(TALK);
  packets[3]!.frame.writeUInt16BE(0x2000, 6);
  const later = Buffer.from(packets[3]!.frame);
  later.writeUInt16BE(0x0010, 6);
  const read = await imported(
    pcap([...packets.slice(0, 4), { ...packets[3]!, frame: later }, ...packets.slice(4)]),
  );
  t.strictSame(read.lines, SAID);
  t.match(read.texts, [/an IP fragment/]);
});

t.test('tunnels are named and counted, as what is sought may be inside', async (t) => {
  const packets = connection(TALK);
  const inside = (protocol: number, port = 0): Captured => {
    const frame = Buffer.from(packets[3]!.frame);
    frame.writeUInt8(protocol, 9);
    frame.writeUInt16BE(port, 22);
    return { ...packets[3]!, frame };
  };
  const GRE = 47;
  const UDP = 17;
  const read = await imported(
    pcap([...packets, inside(GRE), inside(GRE), inside(UDP, 4789), inside(UDP, 53)]),
  );
  t.strictSame(read.lines, SAID);
  t.strictSame(
    read.problems.map(({ text, count }) => [/\((.*?)\)/.exec(text)?.[1], count]),
    [
      ['GRE', 2],
      ['VXLAN', 1],
    ],
  );
  await t.rejects(imported(pcap([inside(GRE)])), {
    message: /1 packets, and no TCP traffic with port .*; at byte 24: a packet of a tunnel \(GRE\)/,
  });
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

t.test('what is no capture, or shows no server, is one clear error', async (t) => {
  const good = pcap(connection(TALK));
  const wrong: readonly (readonly [name: string, file: Buffer, message: RegExp])[] = [
    ['empty', Buffer.alloc(0), /field\.pcap: at byte 0: the file is empty/],
    [
      'cut in the header',
      good.subarray(0, 10),
      /at byte 0: the file ends after 10 bytes, within its header/,
    ],
    [
      'another magic',
      Buffer.alloc(100, 7),
      /at byte 0: no capture begins with 07070707; pcap and pcapng are read/,
    ],
    [
      'gzip',
      Buffer.concat([Buffer.from('1f8b0800', 'hex'), Buffer.alloc(40)]),
      /gzip file: unpack it/,
    ],
    ['a trace', Buffer.from('{"meterproof":1,"case":"x","client":"y"}'), /JSON/],
    [
      'no packets',
      good.subarray(0, 24),
      /0 packets, and no TCP traffic with port 7230 \(pipe\) or 7280 \(share\)/,
    ],
    [
      'other servers',
      pcap(connection(TALK, { server: { ...SERVER, port: 443 } })),
      /the servers called most are 10\.0\.0\.1:443: name yours with --server/,
    ],
  ];
  for (const [name, file, message] of wrong)
    await t.rejects(imported(file), { name: 'CaptureError', message }, name);
});

t.test('a file that ends early, or lies about a length, is used as far as it goes', async (t) => {
  const good = pcap(connection(TALK));
  const cut = await imported(good.subarray(0, good.length - 5));
  t.strictSame(cut.lines, SAID);
  t.match(cut.texts, [/^\d+: the file ends within a packet: 51 of 56 bytes are there/]);
  const fourth = 24 + 3 * 56;
  for (const length of [0xffff_ffff, 300_000]) {
    const lying = Buffer.concat([
      good.subarray(0, fourth + 8),
      words([length]),
      good.subarray(fourth + 12),
    ]);
    const read = await imported(lying);
    t.strictSame(read.lines, ['alpha.pipe connect']);
    t.match(read.texts, [new RegExp(`^${fourth + 8}: a packet of ${length} bytes`)]);
  }
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

t.test('random damage never breaks the import, and its trace can be read', async (t) => {
  const good = pcap(connection(TALK));
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(good.length), async (bytes, end) => {
      const file = Buffer.from(good.subarray(0, Math.max(end, 40)));
      for (const [at, value] of bytes) if (at < file.length && at >= 4) file[at] = value;
      try {
        await imported(file);
      } catch (error) {
        if ((error as Error).name !== 'CaptureError') throw error;
      }
    }),
    { numRuns: 200 },
  );
  t.pass('two hundred files');
});
