// A dialect of the user's that throws, wherever it does, ends the case as an error with its name; the next case runs on.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long, longIf } from '../run/depth.fixture.ts';
import { packageRoot } from '../client/package-root.ts';
import { unpackPage } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-throws-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
unpackPage('dialect.md', folder);
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

// A second case, in which nobody asks the server for anything.
write(
  'suites/line/quiet.yaml',
  `title: a client that has nothing to ask
source: a test
dialect: line
servers: [alpha]
client: { pollingInterval: 1m, retryDelay: 1m }
play: |
  0s  client  start
  1m  end
never: |
  0s..1m  alpha.tcp  lease-grant
`,
);

const REQUEST = "connection.note({ event: 'lease-request', fields: { program } });";
/** What stands there in place of the request's note, and before the constructor's end. */
const places: Readonly<Record<string, (text: string) => string>> = {
  'in a stream handler': (text) => text.replace(REQUEST, "throw new TypeError('no luck');"),
  'at a time that it has asked for': (text) =>
    text.replace(REQUEST, "this.#host.after(10, () => { throw new TypeError('no luck'); });"),
  'as it accepts': (text) =>
    text.replace('const { stream } = connection;', "throw new TypeError('no luck');"),
  'in a promise that nobody awaits': (text) =>
    text.replace(
      REQUEST,
      "void Promise.resolve().then(() => { throw new TypeError('no luck'); });",
    ),
  'in an async handler': (text) =>
    text
      .replace("stream.on('data', (bytes", "stream.on('data', async (bytes")
      .replace(REQUEST, "throw new TypeError('no luck');"),
  'in a timer of its own': (text) =>
    text.replace(REQUEST, "setImmediate(() => { throw new TypeError('no luck'); });"),
};

interface Report {
  readonly cases: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly reason?: string;
  }[];
}

const WORDS = ['run', '--suites', 'suites', '--client', './line-client.yaml', '--reporter', 'json'];

interface Said {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

/** In a process of its own: what escapes would end it, and a test runner has its own way with that. */
function elsewhere(rules = './line-rules.ts'): Promise<Said> {
  const main = join(packageRoot(), 'dist/harness/cli/main.js');
  const words = [main, ...WORDS, '--rules', rules];
  return new Promise((resolve) =>
    execFile(process.execPath, words, { cwd: folder, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    ),
  );
}

const casesOf = ({ out, err }: Said): Report['cases'] => {
  if (err !== '') throw new Error(err);
  const { cases } = JSON.parse(out) as Report;
  return cases.toSorted((a, b) => (a.id < b.id ? -1 : 1));
};

const dialect = read('line-dialect.ts');
/** One that nobody catches. */
const KIND = 'in a timer of its own';

for (const [place, broken] of Object.entries(places))
  longIf(place !== KIND)(`a dialect that throws ${place}`, async (t) => {
    write('line-dialect.ts', broken(dialect));
    t.not(read('line-dialect.ts'), dialect);
    t.match(
      casesOf(await elsewhere()).map(({ id, verdict, reason = '' }) => ({ id, verdict, reason })),
      [
        {
          id: 'line/primary-refuses',
          verdict: 'error',
          reason:
            /^the dialect .*line-dialect\.ts has thrown: TypeError: no luck \(at [^,]{1,200}line-dialect\.ts[:\d]*\)*$/,
        },
        { id: 'line/quiet', verdict: 'pass' },
      ],
    );
  });

t.test('a dialect that notes a word of its own blames no client', async (t) => {
  write('line-dialect.ts', dialect.replace("event: 'lease-grant'", "event: 'lease-granted'"));
  t.match(casesOf(await elsewhere()), [
    {
      id: 'line/primary-refuses',
      verdict: 'error',
      reason:
        /^the dialect .*line-dialect\.ts has noted "lease-granted", which is no event of a server: did you mean "lease-grant"\?$/,
    },
    { id: 'line/quiet', verdict: 'pass' },
  ]);
});

long('a dialect that notes records of another shape blames no client', async (t) => {
  const usage = (shape: string): string =>
    dialect.replace("event: 'lease-request',", `event: 'upload-offer', usage: ${shape},`);
  for (const [shape, what] of [
    ["[{ id: 'r1', program }] as never", 'record of its item 1 is no string'],
    ["{ record: 'r1' } as never", 'it is no list'],
    ["[{ record: 'r1', program, startMs: NaN, stopMs: 0 }]", 'startMs of its item 1 is no number'],
  ] as const) {
    write('line-dialect.ts', usage(shape));
    t.match(casesOf(await elsewhere())[0], {
      id: 'line/primary-refuses',
      verdict: 'error',
      reason: new RegExp(`noted "upload-offer" with usage that is no list of .*: ${what}$`),
    });
  }
});

long('a dialect that cannot even make a server, or close it', async (t) => {
  for (const line of ['constructor(host: Host) {', 'close(): void {']) {
    write('line-dialect.ts', dialect.replace(line, `${line} throw new Error('no luck');`));
    const said = await elsewhere();
    t.equal(said.code, 2);
    for (const { verdict, reason } of casesOf(said)) {
      t.equal(verdict, 'error');
      t.match(reason, /has thrown: Error: no luck/);
    }
  }
});

long(
  'a rule of one’s own that throws, or says nothing, is an error of the cases that it is for',
  async (t) => {
    write('line-dialect.ts', dialect);
    const rules = read('line-rules.ts');
    for (const [place, why] of [
      ["throw new TypeError('no luck');", 'has thrown: no luck'],
      ['return undefined as never;', 'says none of kept, broken, could-not-tell'],
    ]) {
      write('rules.ts', rules.replace('check({ events }) {', `check({ events }) { ${place}`));
      t.match(casesOf(await elsewhere('./rules.ts')), [
        {
          id: 'line/primary-refuses',
          verdict: 'error',
          reason: `the rule LINE-1 of ./rules.ts ${why}`,
        },
        { id: 'line/quiet', verdict: 'pass' },
      ]);
    }
  },
);

t.test('what is not a dialect’s own ends the process as before', async (t) => {
  write('line-dialect.ts', dialect);
  write(
    'rules.ts',
    `${read('line-rules.ts')}\nsetTimeout(() => { throw new Error('not caught'); }, 0);\n`,
  );
  const { code, err } = await elsewhere('./rules.ts');
  t.ok(code);
  t.match(err, /Error: not caught/);
});
