import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Plan } from '../case/plan.ts';
import type { Verdict } from '../judge/verdict.ts';
import type { RunOptions } from '../run/run-suite.ts';
import { runCommandLine } from './command-line.ts';
import { resultOf } from './result.fixture.ts';
import type { RunSuite, Surroundings } from './surroundings.ts';

const CASE = `title: an offline client uploads to the next server while its primary refuses connections
pattern: PRIMARY-FIXATION
source: Q235786
rules: [SWM-1]
servers: [alpha, bravo]
play: |
  0s   alpha   down refuse
  0s   client  start
  10m  client  run notepad.exe for 5m
  7h   end
expect: |
  4h..4h1m  alpha.share  refused        {1..2}
  ..+2m     bravo.share  upload-accept  records=1
`;

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly played: readonly { plans: readonly Plan[]; options: RunOptions }[];
}

/** Runs one command line where every case gets the verdict that `verdictOf` says. */
async function run(
  args: readonly string[],
  verdictOf: (plan: Plan, options: RunOptions) => Verdict = () => 'pass',
  changes: Partial<Surroundings> = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const played: { plans: readonly Plan[]; options: RunOptions }[] = [];
  const runSuite: RunSuite = (plans, options) => {
    played.push({ plans, options });
    return Promise.resolve(plans.map((plan) => resultOf(plan, verdictOf(plan, options))));
  };
  const status = await runCommandLine(args, {
    write: (text) => void (out += text),
    writeError: (text) => void (err += text),
    isTerminal: false,
    cwd: process.cwd(),
    searchPath: '',
    cpus: 3,
    now: new Date('2024-02-29T12:00:00Z'),
    signal: new AbortController().signal,
    debug: false,
    runSuite,
    ...changes,
  });
  return { status, out, err, played };
}

/** A folder with two suites, a client and a place for traces. */
function world(folder: string): { suites: string; client: string; out: string } {
  for (const suite of ['offline', 'online'])
    mkdirSync(join(folder, 'suites', suite), { recursive: true });
  writeFileSync(join(folder, 'suites/offline/primary-refuses.yaml'), CASE);
  const other = CASE.replace('Q235786', 'Q213167').replace('SWM-1', 'SWM-3');
  writeFileSync(join(folder, 'suites/online/sticks.yaml'), other);
  writeFileSync(join(folder, 'client.js'), '');
  return {
    suites: join(folder, 'suites'),
    client: `node "${join(folder, 'client.js')}"`,
    out: join(folder, 'out'),
  };
}

t.test(
  'run plays the chosen cases against the chosen client with the chosen options',
  async (t) => {
    const { suites, client, out } = world(t.testdir());
    const where = ['--suites', suites, '--client', client, '--out', out];
    const how = '--time scaled:60 --seed 7 --epoch 2001-03-25 --workers 1 --bail'.split(' ');
    const { status, played } = await run(['run', 'sticks', ...where, ...how]);
    t.equal(status, 0);
    t.equal(played.length, 1);
    t.same(
      played[0]?.plans.map(({ id }) => id),
      ['online/sticks'],
    );
    t.match(played[0]?.options, {
      client: { spec: client },
      time: { mode: 'scaled', factor: 60 },
      seed: 7,
      epochMs: Date.UTC(2001, 2, 25),
      workers: 1,
      bail: true,
      outDir: out,
    });
    t.ok(existsSync(out));
  },
);

t.test('a case file is named by its path, wherever it is', async (t) => {
  const folder = t.testdir({ elsewhere: { 'mine.yaml': CASE } });
  const { suites, client, out } = world(folder);
  const args = ['run', join(folder, 'elsewhere/mine.yaml'), '--client', client, '--out', out];
  const idsOf = async (more: readonly string[]) =>
    (await run([...args, ...more])).played[0]?.plans.map(({ id }) => id);
  t.same(await idsOf([]), ['elsewhere/mine']);
  t.same(await idsOf(['sticks', '--suites', suites]), ['online/sticks', 'elsewhere/mine']);
});

t.test('what is left out has a default that stays the same for a month', async (t) => {
  const { suites, client, out } = world(t.testdir());
  const { played } = await run(['run', '--suites', suites, '--client', client, '--out', out]);
  t.equal(played[0]?.plans.length, 2);
  t.match(played[0]?.options, {
    time: { mode: 'auto' },
    seed: 1,
    epochMs: Date.UTC(2024, 1, 1),
    workers: 3,
    bail: false,
  });
});

t.test('the exit status tells pass, fail and could not tell apart', async (t) => {
  const { suites, client, out } = world(t.testdir());
  const args = ['run', '--suites', suites, '--client', client, '--out', out];
  const statusOf = async (verdict: Verdict) =>
    (await run(args, (plan) => (plan.suite === 'online' ? verdict : 'pass'))).status;
  t.equal(await statusOf('pass'), 0);
  t.equal(await statusOf('fail'), 1);
  t.equal(await statusOf('inconclusive'), 2);
  t.equal(await statusOf('error'), 2);
});

t.test(
  'wrong use is one clear message on stderr and exit status 2, and nothing is played',
  async (t) => {
    const folder = t.testdir({
      empty: {},
      file: '',
      broken: { s: { 'x.yaml': CASE.replace('rules', 'rule') } },
    });
    const { suites, client, out } = world(folder);
    const start = ['run', '--suites', suites, '--out', out, '--client', client];
    const refused = async (args: readonly string[], why: RegExp) => {
      const { status, err, out: written, played } = await run(args);
      t.equal(status, 2, args.join(' '));
      t.match(err, why);
      t.notMatch(err, /\n\s+at /, 'no stack');
      t.equal(err.trim().split('\n').length <= 2, true, 'short');
      t.equal(played.length, 0);
      t.equal(written, '');
    };
    await refused(['rum'], /unknown command 'rum'\n\(Did you mean run\?\)/);
    await refused(['run', '--sedd', '1'], /unknown option '--sedd'\n\(Did you mean --seed\?\)/);
    await refused([...start, '--time', 'scaled'], /scaled:N with a whole N/);
    await refused([...start, '--reporter', 'xml'], /Allowed choices are console, tap, json/);
    await refused([...start, 'stiks'], /no case "stiks"; did you mean "sticks"\?/);
    await refused([...start, '--source', 'Q235787'], /no case has the source "Q235787"/);
    await refused([...start, '--suite', 'online', '--grep', 'xyz'], /no case matches/);
    await refused(['run', '--suites', join(folder, 'empty')], /no case \(\*\.yaml\) below/);
    await refused(['run', '--suites', join(folder, 'nowhere')], /there is no folder/);
    await refused(
      ['run', '--suites', join(folder, 'broken')],
      /x\.yaml:4:1: .*"rule".*did you mean "rules"/,
    );
    await refused([...start.slice(0, -1), './no-such-client'], /no-such-client does not exist/);
    await refused(
      [...start.slice(0, -1), 'refrence'],
      /no client "refrence"; did you mean "reference"/,
    );
    await refused(
      [...start, '--out', join(folder, 'file/deep/er')],
      /cannot be written \(ENOTDIR\); name another --out/,
    );
    await refused([...start, '--out', '/proc/x/y'], /cannot be written \(ENOENT\)/);
    await refused(
      ['new', 'offline/mine', '--suites', '/proc/x'],
      /cannot be written \(ENOENT\); name another folder with --suites/,
    );
    await refused(['explain'], /missing required argument 'case'/);
  },
);

t.test('an error of our own is told as such, with its stack on demand', async (t) => {
  const { suites, client, out } = world(t.testdir());
  const args = ['run', '--suites', suites, '--client', client, '--out', out];
  const runSuite = () => Promise.reject(new TypeError('oops'));
  const plain = await run(args, undefined, { runSuite });
  t.equal(plain.status, 2);
  t.equal(plain.err, 'meterproof: an error of our own: oops (METERPROOF_DEBUG=1 shows where)\n');
  const debug = await run(args, undefined, { runSuite, debug: true });
  t.match(debug.err, /TypeError: oops\n\s+at /);
});

t.test('Ctrl-C ends with 130, whatever the runner makes of it', async (t) => {
  const { suites, client, out } = world(t.testdir());
  const args = ['run', '--suites', suites, '--client', client, '--out', out];
  for (const rejects of [false, true]) {
    const abort = new AbortController();
    const runSuite: RunSuite = async (_plans, { signal }) => {
      t.equal(signal, abort.signal);
      abort.abort();
      if (rejects) throw new Error('aborted');
      return [];
    };
    const { status, err } = await run(args, undefined, { runSuite, signal: abort.signal });
    t.equal(status, 130);
    t.equal(err, '');
  }
});

t.test('list prints one id a line', async (t) => {
  const { suites } = world(t.testdir());
  t.equal(
    (await run(['list', '--suites', suites])).out,
    'offline/primary-refuses\nonline/sticks\n',
  );
  t.equal((await run(['list', '--suites', suites, '--rule', 'swm-3'])).out, 'online/sticks\n');
});

t.test('explain tells a case in prose, by id or by file', async (t) => {
  const { suites } = world(t.testdir());
  const byId = await run(['explain', 'sticks', '--suites', suites]);
  const byFile = await run(['explain', join(suites, 'online/sticks.yaml')]);
  t.equal(byId.status, 0);
  t.match(byId.out, /Q213167/);
  t.equal(byFile.status, 0);
  t.match(byFile.out, /Q213167/);
});

t.test('validate says what is valid, and every mistake of every file', async (t) => {
  const { suites } = world(t.testdir());
  t.equal((await run(['validate', suites])).out, '2 cases, all valid\n');
  writeFileSync(join(suites, 'online/sticks.yaml'), CASE.replace('alpha   down', 'alfa   down'));
  writeFileSync(join(suites, 'online/two.yaml'), CASE.replace('source', 'sauce'));
  const { status, err } = await run(['validate', suites]);
  t.equal(status, 2);
  t.match(err, /sticks\.yaml:7:\d+: .*alfa/);
  t.match(err, /two\.yaml:3:1: .*sauce/);
  t.match(
    (await run(['validate', join(suites, 'offline/primary-refuses.yaml')])).out,
    /: valid\n$/,
  );
  t.match((await run(['validate', 'no-such-file.yaml'])).err, /no file or folder no-such-file/);
});

t.test('new writes a case that is valid, and never writes over one', async (t) => {
  const suites = join(t.testdir(), 'mine');
  const { status, out } = await run(['new', 'offline/late-answer', '--suites', suites]);
  t.equal(status, 0);
  const file = join(suites, 'offline/late-answer.yaml');
  t.match(out, `meterproof validate `);
  t.match(readFileSync(file, 'utf8'), /^#/m, 'commented');
  t.match((await run(['validate', file])).out, /: valid\n$/);
  writeFileSync(file, 'mine');
  const again = await run(['new', 'offline/late-answer', '--suites', suites]);
  t.equal(again.status, 2);
  t.match(again.err, /is there already, and stays as it is/);
  t.equal(readFileSync(file, 'utf8'), 'mine');
  for (const wrong of ['late', '../x/y', '/etc/x', 'a/B', 'a//b'])
    t.match((await run(['new', wrong, '--suites', suites])).err, /is no id of a case/, wrong);
});

t.test('help is no error and teaches with examples', async (t) => {
  const help = await run(['--help']);
  t.equal(help.status, 0);
  t.match(help.out, /meterproof demo/);
  t.match((await run(['run', '--help'])).out, /--source Q235786/);
  t.match((await run(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});
