// The opaque way in: a client with a protocol of its own, real servers behind the shim, and the suite `opaque`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { few, long, longIf } from './depth.fixture.ts';
import { opaque } from '../../emulators/opaque/index.ts';
import { findCases, loadCase, readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { packageRoot } from '../client/package-root.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Trace } from '../trace/event.ts';
import { withPolicy } from './fit.ts';
import { startServers } from './fixture/opaque/servers.fixture.ts';
import { RealWorld } from './real-world.ts';
import type { CaseResult, Reporter } from './result.ts';
import { ownBlock } from './claim-block.ts';
import { runCase } from './run-case.ts';
import { runSuite } from './run-suite.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const suites = join(packageRoot(), 'suites');
const plans = findCases(suites)
  .filter(({ id }) => id.startsWith('opaque/'))
  .map(({ file, id }) => readCase(file, known, id));
const named = (...ids: readonly string[]): readonly Plan[] =>
  plans.filter(({ id }) => ids.includes(id.slice('opaque/'.length)));
const options = { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' };
const silent: Reporter = { begin() {}, result() {}, end() {} };
const folder = mkdtempSync(join(tmpdir(), 'meterproof-opaque-'));
const servers = await startServers(['alpha', 'bravo']);
t.teardown(async () => {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
});

function profile(fault: string, at = servers.at): string {
  const script = join(import.meta.dirname, 'fixture/opaque/list-client.mjs');
  const path = join(folder, `${fault}.yaml`);
  writeFileSync(
    path,
    `name: list-client
protocol: opaque
command: [node, ${JSON.stringify(script)}, ${fault}]
tier: black-box
servers:
  alpha: { upstream: ${at['alpha']} }
  bravo: { upstream: ${at['bravo']} }
policy: { attempts: 1, retryDelay: configured, connectTimeout: configured, answerTimeout: configured }
`,
  );
  return path;
}

const play = (spec: string, cases: readonly Plan[]): Promise<readonly CaseResult[]> =>
  runSuite(
    cases,
    {
      client: resolveClient(spec, options),
      time: { mode: 'virtual' },
      seed: 1,
      epochMs: Date.UTC(2026, 0, 1),
      workers: 2,
      bail: false,
      outDir: folder,
    },
    silent,
  );

t.test(
  'a client that goes through its list passes, in virtual time and beside real servers',
  async (t) => {
    const asked = servers.asked.get('bravo') ?? 0;
    const shown = few(plans, 'cases of the suite opaque');
    for (const { plan, judgement, trace } of await play(profile('nothing'), shown)) {
      t.equal(judgement.verdict, 'pass', `${plan.id} ${judgement.reason ?? ''}`);
      const told = judgement.rules.filter(({ state }) => state === 'kept').map(({ id }) => id);
      t.same(
        plan.rules.filter((id) => !told.includes(id)),
        [],
        `${plan.id}: every rule that it names is told`,
      );
      const opaque = judgement.rules.filter(({ why }) => why.startsWith('opaque'));
      t.ok(
        opaque.some(({ id }) => id === 'SF-1') &&
          opaque.every(({ state }) => state === 'could-not-tell'),
        `${plan.id}: nothing is said of records`,
      );
      t.ok(
        trace.events.some(({ event }) => event === 'sent'),
        `${plan.id}: real answers came through`,
      );
    }
    t.ok((servers.asked.get('bravo') ?? 0) > asked, 'the real server was asked');
  },
);

long('in scaled time too, with the same order of connections', async (t) => {
  const [plan] = named('primary-resets');
  const client = resolveClient(profile('nothing'), options);
  const world = new RealWorld({ factor: 100, block: await ownBlock() });
  const { trace, error } = await runCase(withPolicy(plan!, client.profile), world, {
    client,
    seed: 1,
    dialect: opaque,
  });
  t.equal(error, undefined);
  const firstTwo = ({ events }: Trace): readonly string[] =>
    events
      .filter(({ event }) => event === 'connect')
      .map(({ actor }) => actor)
      .slice(0, 2);
  const [virtual] = await play(profile('nothing'), [plan!]);
  t.same(firstTwo(trace), ['alpha', 'bravo']);
  t.same(firstTwo(trace), firstTwo(virtual!.trace));
  t.ok(
    trace.events.some(({ event }) => event === 'sent'),
    'a real answer came through',
  );
});

const broken: readonly (readonly [fault: string, id: string, what: RegExp])[] = [
  ['never-leaves-the-first', 'primary-resets', /^(?:FO-2|expect)/],
  ['never-leaves-the-first', 'primary-black-hole', /^(?:FO-2|expect)/],
  ['starts-with-the-last', 'primary-resets', /^FO-1/],
  ['storms', 'no-storm-while-all-reset', /^RT-1/],
  ['waits-for-ever', 'primary-hangs', /^RT-8/],
  ['never-leaves-the-first', 'no-storm-while-all-reset', /^RT-7/],
  ['gives-up-for-good', 'both-down-only-primary-returns', /^FO-6/],
  ['gives-up-for-good', 'comes-back-after-an-outage', /^expect/],
];
for (const [fault, id, what] of broken)
  longIf(fault === 'storms')(
    `a client that ${fault.replaceAll('-', ' ')} fails ${id}`,
    async (t) => {
      const [result] = await play(profile(fault), named(id));
      t.equal(result!.judgement.verdict, 'fail', result!.judgement.reason ?? '');
      t.ok(
        result!.judgement.findings.some((finding) => what.test(finding.what)),
        result!.judgement.findings.map((finding) => finding.what).join(),
      );
    },
  );

t.test(
  'a case for another protocol, or with a server that the profile lacks, is unsupported',
  async (t) => {
    const offline = readCase(join(suites, 'offline/primary-refuses.yaml'), known);
    const third = loadCase(
      'title: x\nsource: x\ndialect: opaque\nservers: [alpha, charlie]\nplay: |\n  0s client start\n  1s end\nnever: .. charlie connect {9}\n',
      'suites/x/y.yaml',
      known,
    );
    const [metering, charlie] = await play(profile('nothing'), [offline, third]);
    t.equal(metering!.judgement.verdict, 'unsupported');
    t.match(
      metering!.judgement.reason,
      /written for servers of metering, and this client speaks opaque/,
    );
    t.match(charlie!.judgement.reason, /no upstream for charlie/);
    const [reference] = await play('reference', named('primary-refuses'));
    t.match(reference!.judgement.reason, /written for servers of opaque/);
  },
);

t.test(
  'a ledger, and a fault that needs an understanding of the bytes, are not accepted in silence',
  async (t) => {
    const source = (play: string, ledger = 'expect: .. alpha connect {0..}') =>
      `title: x\nsource: x\ndialect: opaque\nservers: [alpha]\nclient: { pollingInterval: 1s, retryDelay: 1s }\nplay: |\n  0s client start\n${play}  9s end\n${ledger}\n`;
    t.throws(
      () => loadCase(source('  1s alpha down lost-ack\n'), 'suites/x/y.yaml', known),
      /no fault "lost-ack" — .*cut 0 fin/,
    );
    const [result] = await play(profile('nothing'), [
      loadCase(source('', 'ledger: lost=0'), 'suites/x/y.yaml', known),
    ]);
    t.equal(result!.judgement.verdict, 'inconclusive');
    t.match(result!.judgement.reason, /ledger: opaque/);
  },
);

t.test('a real server that cannot be reached is told before anything is played', async (t) => {
  const gone = await startServers(['bravo']);
  await gone.close();
  const path = profile('unreachable', { ...servers.at, alpha: gone.at['bravo']! });
  await t.rejects(
    play(path, named('primary-refuses')),
    /real server behind alpha.*cannot be reached \(ECONNREFUSED\)/,
  );
});

t.test(
  'a black box does by a hook what a library is asked, and may end when it has done all',
  async (t) => {
    const out = join(folder, 'asked.txt');
    const path = profile('nothing');
    const spec = join(folder, 'hooked.yaml');
    writeFileSync(
      spec,
      readFileSync(path, 'utf8').replace(
        /command: .*/,
        'command: [node, "-e", "setTimeout(() => console.log(1), 2000)"]',
      ) + `hooks: { acquire: [sh, -c, 'echo "$METERPROOF_ARGUMENT {argument}" > "${out}"'] }\n`,
    );
    const plan = loadCase(
      'title: x\nsource: x\ndialect: opaque\nservers: [alpha]\nclient: { pollingInterval: 1s, retryDelay: 1s }\nplay: |\n  0s client start\n  1s client acquire F\n  5s end\nexpect: |\n  1s client answer result=ok\n  2s client exit code=0\n',
      'suites/x/y.yaml',
      known,
    );
    const [result] = await play(spec, [plan]);
    t.equal(result!.judgement.verdict, 'pass', result!.judgement.reason ?? '');
    t.equal(readFileSync(out, 'utf8'), 'F F\n');
  },
);

t.test('a hook that fails is told, also where the case passes', async (t) => {
  const plan = loadCase(
    'title: x\nsource: x\ndialect: opaque\nservers: [alpha]\nclient: { pollingInterval: 1s, retryDelay: 1s }\nplay: |\n  0s client start\n  1s client acquire F\n  5s end\nexpect: |\n  0s..5s alpha connect {1..}\n',
    'suites/x/y.yaml',
    known,
  );
  const playWith = async (hooks: string) => {
    const spec = join(folder, 'failing.yaml');
    writeFileSync(spec, `${readFileSync(profile('no-fault'), 'utf8')}hooks: ${hooks}\n`);
    return (await play(spec, [plan]))[0]!;
  };
  const passed = await playWith(`{ acquire: [sh, -c, 'echo no socket >&2; exit 1'] }`);
  t.equal(passed.judgement.verdict, 'pass', passed.judgement.reason ?? '');
  t.same(passed.notes, ['the hook acquire ended with status 1: no socket']);
  const { judgement } = await playWith(
    `{ acquire: [sh, -c, 'exit 0'], shutdown: [sh, -c, 'exit 3'] }`,
  );
  t.equal(judgement.verdict, 'error', 'who was not told to end has ignored nothing');
  t.match(
    judgement.reason,
    /the hook shutdown ended with status 3, and the client ran on; correct/,
  );
});
