// Real servers that a profile starts, under the same virtual clock as the client: the whole case is as deterministic as one with emulated servers.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { few, long, longIf } from './depth.fixture.ts';
import { findCases, loadCase, readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { HOUR, MINUTE, type Nanos } from '../clock/clock.ts';
import { packageRoot } from '../client/package-root.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { CaseResult, Reporter, RunInfo } from './result.ts';
import { runSuite, type RunOptions } from './run-suite.ts';

const EPOCH_MS = Date.UTC(2026, 0, 1);
const fixtures = join(import.meta.dirname, 'fixture/opaque');
const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const suite = findCases(join(packageRoot(), 'suites'))
  .filter(({ id }) => id.startsWith('opaque/'))
  .map(({ file, id }) => readCase(file, known, id));
const named = (id: string): readonly Plan[] => suite.filter((plan) => plan.id === `opaque/${id}`);
const folder = mkdtempSync(join(tmpdir(), 'meterproof-upstreams-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const TCP = ['node', join(fixtures, 'tcp-server.mjs'), '{port}', '{host}', '{server}'];
const HTTP = ['node', join(fixtures, 'http-server.mjs'), '{port}', '{host}', '{server}'];
const IN_A_SHELL = ['sh', '-c', 'exec "$0" "$@"', process.execPath, ...TCP.slice(1)];
/** A server from a text; its argument is its port. */
const inline = (text: string): readonly string[] => ['node', '-e', text, '{port}'];
const SERVER = "require('net').createServer((socket) => socket.on('error', () => {}))";

interface Servers {
  readonly alpha?: readonly string[];
  readonly bravo?: readonly string[];
}

/** Path of a profile of the client of the fixtures, with one thing that it does wrong. */
function profile({ alpha = TCP, bravo = TCP }: Servers = {}, fault = 'nothing', more = ''): string {
  const path = join(folder, `p${readdirSync(folder).length}.yaml`);
  writeFileSync(
    path,
    `name: list-client
protocol: opaque
command: [node, ${JSON.stringify(join(fixtures, 'list-client.mjs'))}, ${fault}]
tier: black-box
servers:
  alpha: { command: ${JSON.stringify(alpha)} }
  bravo: { command: ${JSON.stringify(bravo)} }
policy: { attempts: 1, retryDelay: configured, connectTimeout: configured, answerTimeout: configured }
${more}`,
  );
  return path;
}

async function play(
  spec: string,
  cases: readonly Plan[],
  options: Partial<RunOptions> = {},
): Promise<{ readonly results: readonly CaseResult[]; readonly info: RunInfo | undefined }> {
  let info: RunInfo | undefined;
  const reporter: Reporter = { begin: (begun) => void (info = begun), result() {}, end() {} };
  const results = await runSuite(
    cases,
    {
      client: resolveClient(spec, { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' }),
      time: { mode: 'virtual' },
      seed: 1,
      epochMs: EPOCH_MS,
      workers: 2,
      bail: false,
      outDir: join(folder, 'out'),
      ...options,
    },
    reporter,
  );
  return { results, info };
}

const textOf = ({ bytes }: TraceEvent): string =>
  bytes === undefined ? '' : Buffer.from(bytes, 'base64').toString();

t.test('the suite, with the verdicts of real time, the same each time', async (t) => {
  const cases = few(suite, 'cases of the suite opaque before servers in virtual time');
  const { results, info } = await play(profile(), cases, { repeat: 2 });
  t.equal(results.length, cases.length);
  for (const { plan, judgement, trace, repeats } of results) {
    t.equal(judgement.verdict, 'pass', `${plan.id} ${judgement.reason ?? ''}`);
    t.equal(repeats, 2);
    const answer = trace.events.find(({ event }) => event === 'sent');
    t.match(textOf(answer!), /^lease-1 of \w+ at 2026-01-01T00:0\d:\d\d\.\d{3}Z\n$/);
  }
  t.match(info!.timeWhy, /servers: alpha, bravo under the same clock \(beta\)/);
  t.same(running('tcp-server.mjs'), [], 'all are gone with their cases');
});

for (const [fault, id] of [
  ['never-leaves-the-first', 'primary-resets'],
  ['storms', 'no-storm-while-all-reset'],
  ['waits-for-ever', 'primary-hangs'],
] as const)
  longIf(fault === 'storms')(
    `a client that ${fault.replaceAll('-', ' ')} fails there too`,
    async (t) => {
      const { results } = await play(profile({}, fault), named(id));
      t.equal(results[0]!.judgement.verdict, 'fail', results[0]!.judgement.reason ?? '');
    },
  );

const day = (server: string, answerTimeout: string): Plan =>
  loadCase(
    `title: a day without the first server
source: x
rules: [FO-2]
dialect: opaque
servers: [alpha, bravo]
client: { retryDelay: 10m, pollingInterval: 10m, answerTimeout: ${answerTimeout} }
play: |
  0s   client  start
  1h   alpha   down refuse
  25h  alpha   up
  26h  bravo   down reset
  27h  end
expect: |
  0s..5s       alpha  connect  {1..}
  1h..1h30m    bravo  connect  {1..}
  26h..26h30m  alpha  connect  {1..}
`,
    `suites/x/${server}.yaml`,
    known,
  );

long('a day of downtime', async (t) => {
  const { results } = await play(profile(), [day('tcp', '10m')]);
  t.equal(results[0]!.judgement.verdict, 'pass', results[0]!.judgement.reason ?? '');
  t.ok(results[0]!.clientMs > 27 * 3_600_000);
  const last = results[0]!.trace.events.findLast(({ event }) => event === 'sent');
  t.match(textOf(last!), /2026-01-02T0[23]:/);
});

long('what a server does of its own accord comes when it is due', async (t) => {
  // The client asks every two hours: the server is told to bear one.
  const { results } = await play(profile(), [day('quiet', '2h')]);
  const { events } = results[0]!.trace;
  const at = (what: RegExp): Nanos => events.find((event) => what.test(textOf(event)))!.at;
  t.equal(at(/too quiet/) - at(/^lease-1 of bravo/), HOUR);
});

long('an HTTP server, whose answer takes a minute of its time', async (t) => {
  const script = join(folder, 'http-client.mjs');
  writeFileSync(
    script,
    `for (const path of ['lease', 'later', 'big']) {
       const response = await fetch('http://' + process.argv[2] + '/' + path);
       console.error(path, (await response.text()).length, response.headers.get('date'));
     }`,
  );
  const spec = profile({ alpha: HTTP, bravo: HTTP });
  const text = readFileSync(spec, 'utf8');
  const command = ['node', script, '{server.alpha.tcp}'];
  writeFileSync(spec, text.replace(/^command: .*/m, `command: ${JSON.stringify(command)}`));
  const plan = loadCase(
    'title: x\nsource: x\ndialect: opaque\nservers: [alpha]\nclient: { pollingInterval: 1s, retryDelay: 1s, answerTimeout: 5m }\nplay: |\n  0s client start\n  5m end\nexpect: |\n  .. alpha connect {1..}\n',
    'suites/x/y.yaml',
    known,
  );
  const { results } = await play(spec, [plan], { repeat: 2 });
  const [result] = results;
  t.equal(result!.judgement.verdict, 'pass', result!.judgement.reason ?? '');
  // The drain starts it once more.
  t.same(result!.stderrTail.slice(0, 3), [
    'lease 34 Thu, 01 Jan 2026 00:00:00 GMT',
    'later 34 Thu, 01 Jan 2026 00:01:00 GMT',
    'big 1048576 Thu, 01 Jan 2026 00:01:00 GMT',
  ]);
  const answers = result!.trace.events.filter(({ event }) => event === 'sent');
  t.ok(answers[1]!.at - answers[0]!.at >= MINUTE);
});

long('a client in a thread, and servers in processes', async (t) => {
  const { results, info } = await play(profile(), named('primary-refuses'), {
    time: { mode: 'in-process' },
    repeat: 2,
  });
  t.equal(results[0]!.judgement.verdict, 'pass', results[0]!.judgement.reason ?? '');
  t.match(info!.timeWhy, /\(beta\)/);
});

long('a server that is not Node keeps real time, and is named', async (t) => {
  const { results, info } = await play(profile({ bravo: IN_A_SHELL }), named('primary-refuses'));
  t.equal(results[0]!.judgement.verdict, 'pass', results[0]!.judgement.reason ?? '');
  t.match(
    info!.timeWhy,
    /servers: alpha under the same clock \(beta\); bravo keeps real time: sh is not Node$/,
  );
});

long(
  'a server knows where the client finds it, and a client that goes past is told of',
  async (t) => {
    const told = [...TCP.slice(0, -1), '{server.alpha.tcp}'];
    const kept = await play(profile({ alpha: told }), named('comes-back-after-an-outage'));
    const answer = kept.results[0]!.trace.events.find(({ event }) => event === 'sent');
    t.match(textOf(answer!), /^lease-1 of 127\.77\.1\.1:7240 at /);
    t.equal(kept.results[0]!.notes, undefined);
    const dials = (port: number): string => {
      const spec = profile();
      const script = `require('net').connect(${port}, '127.0.0.1').on('error', () => {})`;
      const command = JSON.stringify(['node', '-e', script]);
      writeFileSync(
        spec,
        readFileSync(spec, 'utf8').replace(/^command: .*/m, `command: ${command}`),
      );
      return spec;
    };
    const [past] = (await play(dials(40_001), named('primary-refuses'))).results;
    t.equal(past!.judgement.verdict, 'fail');
    t.match(past!.notes, [
      /^client dialled 127\.0\.0\.1:40001, the real server behind alpha, past Meterproof: /,
      /^no attempt of client at any server was seen: .*UDP/,
    ]);
    const [astray] = (await play(dials(9), named('primary-refuses'))).results;
    t.match(astray!.notes, [/port 9, which is no server of this case/, /^no attempt of client/]);
  },
);

t.test('a case without any of them begins at 0 s all the same', async (t) => {
  const plan = loadCase(
    'title: x\nsource: x\ndialect: opaque\nservers: [alpha]\nclient: { pollingInterval: 1s, retryDelay: 1s }\nplay: |\n  0s alpha down refuse for 1m\n  0s client start\n  2m end\nexpect: |\n  1m.. alpha connect {1..}\n',
    'suites/x/y.yaml',
    known,
  );
  const { results } = await play(profile({ alpha: IN_A_SHELL }), [plan]);
  const { events } = results[0]!.trace;
  t.equal(events[0]!.at, 0n);
  t.equal(events.find(({ event }) => event === 'up')!.at, MINUTE);
});

const WORKER = inline("new (require('worker_threads').Worker)('', { eval: true })");

t.test('what virtual time cannot follow in a server is named, with what does work', async (t) => {
  await t.rejects(
    play(profile({ alpha: WORKER }), named('primary-refuses')),
    /^escaped: the real server behind alpha uses a worker thread .*start it yourself and name it by upstream:/,
  );
  const { info } = await play(
    profile({ alpha: WORKER }, 'nothing', 'time: [virtual, real]\n'),
    [],
    { time: { mode: 'auto' } },
  );
  t.equal(info!.time, 'virtual', 'nothing to play, nothing to try');
  await t.rejects(
    play(profile({ alpha: WORKER }, 'nothing', 'time: [virtual]\n'), named('primary-refuses'), {
      time: { mode: 'auto' },
    }),
    /runs in none of the modes.*not virtual: escaped: the real server behind alpha/,
    'auto leaves virtual time by name',
  );
});

long('one that comes up late in its own time is waited for', async (t) => {
  const late = inline(
    `setTimeout(() => ${SERVER}.on('connection', (s) => s.pipe(s)).listen(process.argv[1]), 15_000)`,
  );
  const { results } = await play(profile({ alpha: late }), named('comes-back-after-an-outage'));
  t.equal(results[0]!.judgement.verdict, 'pass', results[0]!.judgement.reason ?? '');
});

const wrong: readonly (readonly [what: string, script: string, said: RegExp])[] = [
  [
    'ends at once',
    "console.error('no such database'); process.exit(4)",
    /real server behind alpha, which the profile starts, has ended by itself \(exit status 4\)\n {2}its last words:\n {4}no such database/,
  ],
  [
    'never listens',
    "console.log('ready'); setInterval(() => {}, 1000)",
    /behind alpha accepts no connection on 127\.0\.0\.1:40001 after 20s of virtual time; .*\n {2}its last words:\n {4}ready/,
  ],
  [
    'listens elsewhere',
    `${SERVER}.listen(1883)`,
    /escaped: the real server behind alpha uses a socket that listens elsewhere .*40001 \(server\.listen 1883\)/,
  ],
];
for (const [what, script, said] of wrong)
  t.test(`one that ${what} is told before anything is played`, async (t) => {
    await t.rejects(play(profile({ alpha: inline(script) }), named('primary-refuses')), said);
  });

long('one that ends in the middle, or closes its port, is no failure of the client', async (t) => {
  const ends = inline(
    `${SERVER}.on('connection', () => setTimeout(() => { console.error('disk full'); process.exit(5); }, 30_000)).listen(process.argv[1])`,
  );
  const [ended] = (await play(profile({ alpha: ends }), named('comes-back-after-an-outage')))
    .results;
  t.equal(ended!.judgement.verdict, 'error');
  t.match(ended!.judgement.reason, /has ended by itself \(exit status 5\)\n.*\n {4}disk full/);
  const closes = inline(
    `const server = ${SERVER}.listen(process.argv[1]);
     server.on('connection', (socket) => {
       server.close();
       setTimeout(() => socket.destroy(), 1_000);
     });
     setInterval(() => {}, 60_000);`,
  );
  const [closed] = (await play(profile({ alpha: closes }), named('comes-back-after-an-outage')))
    .results;
  t.equal(closed!.judgement.verdict, 'error');
  t.match(
    closed!.judgement.reason,
    /real server behind alpha, 127\.0\.0\.1:40001, cannot be reached \(ECONNREFUSED\)/,
  );
});

/** Processes that were started with that word. */
function running(word: string): readonly string[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(word);
    } catch {
      return false;
    }
  });
}
