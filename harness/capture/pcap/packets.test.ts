import t from 'tap';
import { metering } from '../../../emulators/metering/index.ts';
import { connection, imported, pcap, type Captured } from './capture.fixture.ts';
import { parseServerSpec } from './endpoints.ts';
import { bytesBy, SAID, TALK } from './talk.fixture.ts';

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
  const { PacketFile } = await import('./packet-file.ts');
  const { Problems } = await import('./problems.ts');
  const file = pcap(connection(TALK));
  const whole = [...new PacketFile({ file: 'a', problems: new Problems() }).push(file, true)];
  for (const size of [1, 7, 100]) {
    const reader = new PacketFile({ file: 'a', problems: new Problems() });
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
