import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { few, long } from '../../run/depth.fixture.ts';
import { metering } from '../../../emulators/metering/index.ts';
import { loadCase, readCase } from '../../case/load.ts';
import type { Plan } from '../../case/plan.ts';
import { resolveClient } from '../../client/resolve.ts';
import { DIALECTS } from '../../dialects.ts';
import { RULES } from '../../judge/rules/index.ts';
import type { CaseResult } from '../../run/result.ts';
import { runSuite } from '../../run/run-suite.ts';
import type { Trace } from '../../trace/event.ts';
import { parseTrace } from '../../trace/file.ts';
import type { Settings } from '../infer-plan.ts';
import { draftCase } from './draft-case.ts';
import { fromTheWire } from './wire.fixture.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const read = (file: string): Trace => parseTrace(readFileSync(file, 'utf8'), file);
const FILES = readdirSync('captures').filter((name) => name.endsWith('.jsonl'));
const SESSIONS = FILES.map((name) => ({ name, trace: read(`captures/${name}`) })).filter(
  ({ trace }) => trace.header.client !== 'unknown',
);
const out = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(out, { recursive: true }));

interface Draft {
  readonly name: string;
  readonly text: string;
  readonly plan: Plan;
  readonly recorded: Trace;
}

function draft(name: string, recorded: Trace, seen: Trace, settings: Settings = {}): Draft {
  const { header } = seen;
  const isKnown = !header.case.startsWith('capture/');
  const plan = isKnown ? readCase(`suites/${header.case}.yaml`, known, header.case) : undefined;
  const text = draftCase(seen, { name, dialect: 'metering', settings, ...(plan && { plan }) });
  const file = `suites/drafts/${name.replace('.jsonl', '')}.yaml`;
  return { name, text, recorded, plan: loadCase(text, file, known) };
}

/** All drafts of one client at a time: it is started once. */
async function play(drafts: readonly Draft[]): Promise<ReadonlyMap<string, CaseResult>> {
  const results = new Map<string, CaseResult>();
  for (const spec of new Set(drafts.map(({ recorded }) => recorded.header.client))) {
    const own = drafts.filter(({ recorded }) => recorded.header.client === spec);
    const client = resolveClient(spec, { cwd: '.', searchPath: process.env['PATH'] ?? '' });
    const options = {
      client,
      time: { mode: spec.startsWith('reference') ? 'in-process' : 'virtual' } as const,
      seed: 1,
      epochMs: Date.parse(own[0]!.recorded.header.epoch),
      workers: 1,
      bail: false,
      outDir: out,
    };
    const reporter = { begin() {}, result() {}, end() {} };
    const plans = own.map(({ plan }) => plan);
    for (const [index, result] of (await runSuite(plans, options, reporter)).entries())
      results.set(own[index]!.name, result);
  }
  return results;
}

const RULE_IDS: ReadonlySet<string> = new Set(RULES.map(({ id }) => id));
/** Other findings than that of a rule: a line that the client did not keep. */
const unkept = ({ judgement }: CaseResult): readonly string[] =>
  judgement.findings
    .filter(({ what }) => !RULE_IDS.has(what))
    .map(({ what, claim, actual }) => `${what}: ${claim} | ${actual}`);

t.test(
  'of each session of a run: the recorded build does it all again, with its verdict',
  async (t) => {
    const sessions = few(SESSIONS, 'cases made of recorded sessions');
    const drafts = sessions.map(({ name, trace }) => draft(name, trace, trace));
    const results = await play(drafts);
    t.equal(results.size, sessions.length);
    for (const { name, text, recorded } of drafts) {
      const result = results.get(name)!;
      t.strictSame(unkept(result), [], name);
      t.equal(result.judgement.verdict, recorded.header.capture!.expect!.verdict, name);
      t.ok(text.split('\n').length < 40, 'it is short');
      const broken = Object.entries(recorded.header.capture!.expect!.rules).flatMap(([id, state]) =>
        state === 'broken' ? id : [],
      );
      for (const id of broken) t.match(text, new RegExp(`^# It breaks .*${id}`, 'm'));
    }
  },
);

/** What only the side of the client shows: that it was killed while it waited. */
const UNSEEN_ON_THE_WIRE = 'reference-crash-killed-while-uploading.jsonl';
/** It halves the delay that it was given: from its pace none could tell what that was. */
const GAP_HALVED = 'reference-gap-halved-online-attempts-counted-and-spaced-before-switch.jsonl';

long(
  'the same from the wire alone: play and settings are concluded from what was seen',
  async (t) => {
    const drafts = SESSIONS.filter(({ name }) => name !== UNSEEN_ON_THE_WIRE).map(
      ({ name, trace }) =>
        draft(
          name,
          trace,
          fromTheWire(trace, metering),
          name === GAP_HALVED ? { retryDelay: '15m' } : {},
        ),
    );
    const results = await play(drafts);
    for (const { name, text } of drafts) {
      t.strictSame(unkept(results.get(name)!), [], name);
      t.match(text, /# a guess: nothing shows when it was started/);
    }
  },
);

t.test(
  'what another build did not do is seen: the case of one does not pass with the other',
  async (t) => {
    const rtm = SESSIONS.find(({ name }) => name.startsWith('reference-rtm-offline'))!;
    const made = draft(rtm.name, rtm.trace, rtm.trace);
    const sound = { ...rtm.trace, header: { ...rtm.trace.header, client: 'reference' } };
    const [result] = (await play([{ ...made, recorded: sound }])).values();
    t.match(
      unkept(result!)[0],
      /^expect: 4h\.\.4h1m {2}alpha\.share {2}refused {2}\{5\} every 15m/,
    );
  },
);

long(
  'of a session that tcpdump took: times begin with the client, and it does that again',
  async (t) => {
    const name = 'tcpdump-example-python-primary-refuses.jsonl';
    const trace = read(`captures/${name}`);
    const recorded = { ...trace, header: { ...trace.header, client: 'example-python' } };
    const made = draft(name, recorded, trace);
    t.match(made.text, /pollingInterval: 30s/);
    t.match(made.text, /client +run notepad\.exe for 10s\n/);
    t.match(made.text, /^# Times are 30s later than in the capture/m);
    const result = (await play([made])).get(name)!;
    t.strictSame(unkept(result), []);
    t.equal(result.judgement.verdict, 'pass');
  },
);
