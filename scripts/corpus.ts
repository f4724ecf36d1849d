// Records the corpus anew: npx tsx scripts/corpus.ts [PART OF A NAME]. What it must be judged as is what the judge says now: read the
// difference before it is committed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectationOf, replayAsJudge } from '../harness/replay/judge-capture.ts';
import { readCase } from '../harness/case/load.ts';
import { resolveClient } from '../harness/client/resolve.ts';
import { DIALECTS } from '../harness/dialects.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import { runSuite } from '../harness/run/run-suite.ts';
import type { Trace } from '../harness/trace/event.ts';
import { formatTrace } from '../harness/trace/file.ts';

/** Client build and case. */
const SESSIONS: readonly (readonly [client: string, id: string])[] = [
  ['reference', 'offline/primary-refuses'],
  ['reference', 'offline/primary-black-hole'],
  ['reference', 'offline/primary-loses-the-ack'],
  ['reference', 'offline/primary-resets-mid-frame'],
  ['reference', 'online/attempts-counted-and-spaced-before-switch'],
  ['reference', 'crash/killed-while-uploading'],
  ['reference:rtm', 'offline/primary-refuses'],
  ['reference:rtm', 'online/old-seat-released-after-return'],
  ['reference:sp1', 'online/attempts-counted-and-spaced-before-switch'],
  ['reference:sp2', 'offline/both-down-only-primary-returns'],
  ['reference:sp3', 'offline/primary-answers-503'],
  ['reference:sp4', 'wire/retry-after-seconds'],
  ['reference:gap-halved', 'online/attempts-counted-and-spaced-before-switch'],
  ['reference:cut-answer-is-an-ack', 'wire/answer-cut-off-is-no-acknowledgement'],
  ['reference:spool-in-memory', 'crash/killed-right-after-the-stop'],
  ['example-python', 'offline/primary-resets'],
  ['example-python', 'online/outage-shorter-than-the-attempts'],
];
const FOLDER = 'captures';
const EPOCH_MS = Date.UTC(2001, 2, 1);

const [part = ''] = process.argv.slice(2);
const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const outDir = mkdtempSync(join(tmpdir(), 'meterproof-'));
mkdirSync(FOLDER, { recursive: true });
try {
  for (const [spec, id] of SESSIONS) {
    const name = `${spec}/${id}`.replaceAll(/[:/]/g, '-');
    if (name.includes(part)) writeFileSync(join(FOLDER, `${name}.jsonl`), await record(spec, id));
  }
} finally {
  rmSync(outDir, { recursive: true });
}

async function record(spec: string, id: string): Promise<string> {
  const plan = readCase(`suites/${id}.yaml`, known, id);
  const client = resolveClient(spec, { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' });
  const [result] = await runSuite(
    [plan],
    {
      client,
      time: { mode: 'virtual' },
      seed: 1,
      epochMs: EPOCH_MS,
      workers: 1,
      bail: false,
      outDir,
    },
    { begin() {}, result() {}, end() {} },
  );
  const { trace, judgement } = result!;
  if (judgement.verdict === 'error') throw new Error(`${spec} ${id}: ${judgement.reason}`);
  const replayed = replayAsJudge(trace, { file: id, plan });
  const capture = {
    origin: `${spec} plays ${id} in virtual time; made by scripts/corpus.ts`,
    redacted: [],
    expect: expectationOf(replayed.judgement, plan),
  };
  const captured: Trace = { ...trace, header: { ...trace.header, capture } };
  return formatTrace(captured);
}
