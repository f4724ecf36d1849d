import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { encode } from '../../emulators/metering/codec/index.ts';
import { connection, pcap } from '../capture/pcap/capture.fixture.ts';
import { parseTrace } from '../trace/file.ts';
import { runCommandLine } from './command-line.ts';

const FILE = pcap(connection([{ by: 'client', bytes: encode({ type: 'bye' }, 1) }]));

async function run(t: { teardown(action: () => void): void }, ...args: readonly string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, 'field.pcap'), FILE);
  writeFileSync(join(cwd, 'damaged.pcap'), FILE.subarray(0, FILE.length - 3));
  writeFileSync(join(cwd, 'field.txt'), 'no capture, but long enough');
  let out = '';
  let errors = '';
  const call = (command: readonly string[]): Promise<number> =>
    runCommandLine(command, {
      write: (text) => void (out += text),
      writeError: (text) => void (errors += text),
      isTerminal: false,
      cwd,
      searchPath: '',
      cpus: 1,
      now: new Date(0),
      signal: new AbortController().signal,
      debug: false,
      runSuite: () => Promise.resolve([]),
    });
  const status = await call(args);
  return {
    status,
    out: () => out,
    errors,
    call,
    text: (name: string) => readFileSync(join(cwd, name), 'utf8'),
  };
}

t.test('import says what it found and what it assumed, and writes a trace', async (t) => {
  const { status, out, errors, text } = await run(t, 'import', 'field.pcap');
  t.equal(errors, '');
  t.equal(status, 0);
  t.equal(
    out(),
    [
      'taken for servers by their ports: --server alpha=10.0.0.1:7230/pipe',
      '7 packets, 7 of them to or from alpha, within 6ms from 1970-01-01T00:00:01.001Z',
      '1 connection of 10.0.0.9',
      'field.jsonl: 3 events',
      '',
    ].join('\n'),
  );
  const { header, events } = parseTrace(text('field.jsonl'), 'field.jsonl');
  t.equal(header.case, 'capture/field');
  t.strictSame(
    events.map(({ event }) => event),
    ['connect', 'received', 'close'],
  );
});

t.test('of servers that speak something else the connections are seen', async (t) => {
  const spec = 'bravo=10.0.0.1:7230/tcp';
  const { call, text } = await run(
    t,
    'import',
    'field.pcap',
    '--dialect',
    'opaque',
    '--server',
    spec,
  );
  const names = parseTrace(text('field.jsonl'), 'a').events.map(({ event }) => event);
  t.strictSame(names, ['connect', 'received', 'close']);
  t.equal(await call(['import', 'field.pcap', '--dialect', 'none.ts']), 2);
});

t.test('servers that are named are not guessed', async (t) => {
  const spec = 'bravo=10.0.0.1:7230/pipe';
  const { status, out } = await run(
    t,
    'import',
    'field.pcap',
    '--server',
    spec,
    '--out',
    'a.jsonl',
  );
  t.equal(status, 0);
  t.notMatch(out(), /taken for servers/);
  t.match(out(), /bravo/);
});

t.test('a damaged capture is used, and its damage told; wrong use is one message', async (t) => {
  const damaged = await run(t, 'import', 'damaged.pcap');
  t.equal(damaged.status, 0);
  t.equal(
    damaged.errors,
    'damaged.pcap: at byte 370: the file ends within a packet: 53 of 56 bytes are there\n',
  );
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['field.txt'], /^meterproof: field\.txt: at byte 0: no capture begins with 6e6f2063/],
    [['none.pcap'], /^meterproof: there is no file none\.pcap/],
    [['field.pcap', '--out', 'field.pcap'], /is the capture itself/],
    [
      ['field.pcap', '--out', 'no/such/folder/a'],
      /^meterproof: no\/such\/folder\/a cannot be written \(ENOENT\)/,
    ],
    [['field.pcap', '--server', 'alpha=host:7230/pipe'], /"host" in .* is no IP address/],
    [['field.pcap', '--server', 'alpha=10.0.0.1:99999/pipe'], /"99999" in .* is no port/],
    [
      ['field.pcap', '--server', 'alpha=10.0.0.1:7230/tube'],
      /"tube" in .* is no face; there are pipe, share/,
    ],
    [['field.pcap', '--server', 'alpha'], /is not like alpha=10\.0\.0\.1:7230\/pipe/],
    [
      ['field.pcap', '--server', 'alpha=10.0.0.2:7230/pipe'],
      /the servers called most are 10\.0\.0\.1:7230/,
    ],
  ];
  for (const [args, message] of wrong) {
    const { status, errors } = await run(t, 'import', ...args);
    t.equal(status, 2);
    t.match(errors, message);
  }
});

t.test('export writes a capture that import reads', async (t) => {
  const { call, text, out } = await run(t, 'import', 'field.pcap');
  t.equal(await call(['export', 'field.jsonl', '-o', 'out.pcapng']), 0);
  t.match(out(), /out\.pcapng: 3 events in \d+ bytes\n$/);
  t.equal(await call(['import', 'out.pcapng', '--out', 'again.jsonl']), 0);
  t.equal(parseTrace(text('again.jsonl'), 'a').events.length, 3);
  t.equal(await call(['export', 'field.pcap', '-o', 'x.pcapng']), 2, 'a capture is no trace');
  t.equal(await call(['export', 'none.jsonl', '-o', 'x.pcapng']), 2);
});
