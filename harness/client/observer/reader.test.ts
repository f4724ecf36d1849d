import { appendFileSync, existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import tap from 'tap';
import { ObserverReader, parseLine } from './reader.ts';

const BASE = process.hrtime.bigint();

function stage(t: Pick<typeof tap, 'teardown'>) {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const file = join(folder, 'attempts.jsonl');
  const attempts: string[] = [];
  const strays: string[] = [];
  let overflows = 0;
  const reader = new ObserverReader<string>({
    file,
    pollMs: 60_000,
    endpoint: (address, port) =>
      ['127.1.2.3', '127.0.0.1', '::1'].includes(address) && port !== 9
        ? `${address}:${port}`
        : undefined,
    caseTimeOf: (ns) => ns - BASE,
    attempted: (endpoint, at) => attempts.push(`${endpoint} ${at}`),
    strayed: (address, port) => strays.push(`${address} ${port}`),
    overflowed: () => overflows++,
  });
  t.teardown(() => rmSync(folder, { recursive: true }));
  return { file, attempts, strays, reader, overflows: () => overflows };
}

const line = (addresses: unknown, after: bigint) =>
  `${JSON.stringify({ connect: addresses, ns: String(BASE + after) })}\n`;

tap.test('lines come out once, in order, however they were cut', (t) => {
  const text =
    '{"observer":"node","pid":1}\n' +
    line(['127.1.2.3:7280'], 5n) +
    line(['127.1.2.3:7281'], 3n) +
    line(['10.0.0.1:80'], 4n);
  for (let cut = 0; cut <= text.length; cut++) {
    const { file, attempts, reader } = stage(t);
    appendFileSync(file, text.slice(0, cut));
    reader.poll();
    appendFileSync(file, text.slice(cut));
    t.notOk(reader.poll(), 'nothing is left');
    reader.stop();
    if (attempts.join() !== '127.1.2.3:7280 5,127.1.2.3:7281 3') t.fail(`cut at ${cut}`);
    if ([...reader.kinds].join() !== 'node') t.fail(`cut at ${cut}`);
  }
  t.end();
});

tap.test('the addresses of one name are one attempt, at the first that is an endpoint', (t) => {
  const { file, attempts, reader } = stage(t);
  appendFileSync(file, line(['::2:7280', '127.0.0.1:7280', '127.1.2.3:7280'], 1n));
  appendFileSync(file, line(['localhost:7281'], 2n));
  appendFileSync(file, line(['::ffff:127.1.2.3:7282'], 3n));
  reader.stop();
  t.same(attempts, ['127.0.0.1:7280 1', '127.0.0.1:7281 2', '127.1.2.3:7282 3']);
  t.end();
});

tap.test('an endpoint on ::1 is one, however it is written', (t) => {
  const { file, attempts, strays, reader } = stage(t);
  for (const [index, host] of ['::1', '0:0:0:0:0:0:0:1', '::1%lo', '::'].entries())
    appendFileSync(file, line([`${host}:7231`], BigInt(index)));
  reader.stop();
  t.same(
    attempts,
    [0, 1, 2, 3].map((at) => `::1:7231 ${at}`),
  );
  t.same(strays, []);
  t.end();
});

tap.test('an attempt at none of our endpoints is told by its first address', (t) => {
  const { file, attempts, strays, reader } = stage(t);
  appendFileSync(file, line(['::1:9', '127.0.0.1:9'], 1n));
  appendFileSync(file, line(['10.0.0.1:7280'], 2n));
  appendFileSync(file, line(['no.address:7280'], 3n));
  reader.stop();
  t.same([strays, attempts], [['::1 9', '10.0.0.1 7280'], []]);
  t.end();
});

tap.test('the native observer is one that has seen an attempt at an endpoint', (t) => {
  const { file, attempts, reader } = stage(t);
  const seen = (address: string) =>
    appendFileSync(file, line([address], 1n).replace('{', '{"observer":"native",'));
  appendFileSync(file, '{"observer":"native","pid":1}\n');
  seen('10.0.0.1:80');
  reader.poll();
  t.same([...reader.kinds], []);
  seen('127.1.2.3:7280');
  reader.stop();
  t.same([attempts, [...reader.kinds]], [['127.1.2.3:7280 1'], ['native']]);
  t.end();
});

tap.test('nothing that a client writes there does harm', (t) => {
  const { file, attempts, reader, overflows } = stage(t);
  const hostile = [
    'null',
    '[]',
    '{',
    '{"observer":"perl"}',
    '{"connect":"127.1.2.3:7280","ns":"1"}',
    '{"connect":[1,null,"127.1.2.3","127.1.2.3:","127.1.2.3:999999",":80"],"ns":"1"}',
    '{"connect":["127.1.2.3:7280"]}',
    '{"connect":["127.1.2.3:7280"],"ns":1}',
    '{"connect":["127.1.2.3:7280"],"ns":"-1"}',
    '{"connect":["127.1.2.3:7280"],"ns":"1"}',
    `{"connect":["127.1.2.3:7280"],"ns":"${'9'.repeat(5_000)}"}`,
    '\u0000\uffff',
    `"${'x'.repeat(200_000)}"`,
    line(Array(1_000).fill('127.1.2.3:7280'), 1n).trim(),
  ];
  for (const text of hostile) appendFileSync(file, `${text}\n`);
  appendFileSync(file, line(['127.1.2.3:7280'], 7n));
  reader.poll();
  t.same(attempts, ['127.1.2.3:7280 7'], 'the honest line after them is read');
  appendFileSync(file, line(['127.1.2.3:7281'], 10n ** 18n));
  reader.poll();
  const [, at] = attempts[1]!.split(' ');
  t.ok(BigInt(at!) <= process.hrtime.bigint() - BASE, 'no attempt is later than now');
  truncateSync(file, 0);
  t.notOk(reader.poll(), 'a file that was cut short has nothing new');
  truncateSync(file, 1024 * 1024 * 1024);
  reader.stop();
  t.equal(overflows(), 1, 'a file without bounds is not read to its end, and that is told once');
  t.notOk(reader.poll(), 'after the stop nothing is read');
  t.end();
});

tap.test('any text at all is a line or none', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const parsed = parseLine(text);
      return parsed === undefined || parsed.kind !== undefined || parsed.ns >= 0n;
    }),
  );
  t.pass('for any text');
  t.end();
});

tap.test('a file that somebody else made is not taken', (t) => {
  const { file } = stage(t);
  t.ok(existsSync(file), 'observers find a file, and make none');
  const options = {
    file,
    pollMs: 1,
    endpoint: () => undefined,
    caseTimeOf: (ns: bigint) => ns,
    attempted: () => {},
    overflowed: () => {},
  };
  t.throws(() => new ObserverReader(options), { code: 'EEXIST' });
  t.end();
});
