import { join } from 'node:path';
import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { loadCase } from '../case/load.ts';
import { packageRoot } from '../client/package-root.ts';
import { resolveClient } from '../client/resolve.ts';
import { difference, repeat } from './repeat.ts';
import { runCase } from './run-case.ts';
import { VirtualWorld } from './virtual-world.ts';

const CASE = `
title: a client that looks at what is different each time
source: a test
servers: [alpha]
client: { mode: offline, pollingInterval: 1h }
play: |
  0s   client  start
  5m   end
ledger: lost=0
`;
const plan = loadCase(CASE, 'suites/test/one.yaml', { rules: new Set(), dialects: [metering] });
const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');
const client = (file: string) =>
  resolveClient(`node "${join(import.meta.dirname, 'fixture', file)}" nothing`, {
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
const play = (file: string) => () =>
  runCase(
    plan,
    new VirtualWorld({ epochMs: Date.UTC(2026, 0, 1), seed: 1, stallMs: 20_000, preload }),
    { client: client(file), dialect: metering, seed: 1 },
  );

t.test('a client whose every word comes from the clock and the seed: one trace', async (t) => {
  const { error, trace } = await repeat(play('client.mjs'), { times: 6, lanes: 2 });
  t.equal(error, undefined);
  t.ok(trace.events.length > 3);
});

t.test('a client that says what no two runs share is told where', async (t) => {
  const { error } = await repeat(play('nondeterministic.mjs'), { times: 3, lanes: 1 });
  t.match(error, /^not deterministic: repeat 2 differs from the first at line \d+ of the trace\n/);
  t.match(error, /\n {2}first .*"cpu".*\n {2}repeat .*"cpu"/);
});

t.test('where traces part', (t) => {
  t.equal(difference('a\nb\n', 'a\nb\n', 2), undefined);
  t.match(
    difference('a\nb\n', 'a\nc\n', 3),
    /repeat 3 .* line 2 .*\n {2}first {3}b\n {2}repeat {2}c$/,
  );
  t.match(
    difference('a\nb\n', 'a\n', 2),
    /line 2 .*\n {2}first {3}b\n {2}repeat {2}\(the trace ends here\)$/,
  );
  t.match(
    difference('a\n', 'a\nb\n', 2),
    /line 2 .*\n {2}first {3}\(the trace ends here\)\n {2}repeat {2}b$/,
  );
  t.end();
});

t.test('what stands inside TLS may differ, and only that', async (t) => {
  const { trace } = await play('client.mjs')();
  const traceWith = (records: readonly (readonly number[])[], at = 1n) => ({
    trace: {
      header: trace.header,
      events: records.map((bytes, index) => ({
        at: at + BigInt(index),
        actor: 'alpha',
        face: 'tcp',
        event: index % 2 === 0 ? 'received' : 'sent',
        conn: 1,
        fields: { length: bytes.length },
        bytes: Buffer.from(bytes).toString('base64'),
      })),
    },
    stderrTail: [],
    clientMs: 1,
  });
  const compared = (...played: readonly ReturnType<typeof traceWith>[]) => {
    let number = 0;
    return repeat(() => Promise.resolve(played[number++]!), { times: played.length, lanes: 1 });
  };
  const [plain, hello] = [
    [80, 73, 78, 71],
    [22, 3, 1, 7],
  ];
  const first = traceWith([plain, hello, [23, 3, 3, 9]]);
  t.same((await compared(first, first)).differsInTls, undefined);
  const other = await compared(first, traceWith([plain, [22, 3, 1, 8, 8], [23, 3, 3, 4]]));
  t.match(other, { differsInTls: true, error: undefined });
  const before = await compared(first, traceWith([[80, 79, 78, 71], hello, [23, 3, 3, 9]]));
  t.match(before.error, /differs from the first at line 2 /, 'what came before TLS counts');
  const later = await compared(first, traceWith([plain, hello, [23, 3, 3, 9]], 2n));
  t.match(later.error, /differs from the first at line 2 /, 'when it came counts');
  const fewer = await compared(first, traceWith([plain, hello]));
  t.match(fewer.error, /line 4 .*\n.*\n.*the trace ends here/, 'how many pieces came counts');
});
