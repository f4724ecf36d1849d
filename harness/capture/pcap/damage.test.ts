import fc from 'fast-check';
import t from 'tap';
import { connection, imported, pcap, SERVER, words } from './capture.fixture.ts';
import { SAID, TALK } from './talk.fixture.ts';

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
