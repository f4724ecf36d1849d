// The example in Python plays one case in real time. What it does in all the others is the business of `npm run smoke`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { long } from '../../../harness/run/depth.fixture.ts';
import { readCase } from '../../../harness/case/load.ts';
import { SECOND } from '../../../harness/clock/clock.ts';
import { packageRoot } from '../../../harness/client/package-root.ts';
import { resolveClient } from '../../../harness/client/resolve.ts';
import { DIALECTS } from '../../../harness/dialects.ts';
import { RULES } from '../../../harness/judge/rules/index.ts';
import { runSuite } from '../../../harness/run/run-suite.ts';

const isMissing = spawnSync('python3', ['--version']).status !== 0;
const known = {
  rules: new Set(RULES.map(({ id }) => id)),
  dialects: Object.values(DIALECTS),
};

long(
  'the example in Python uploads to the next server while its primary refuses, on real sockets',
  { skip: isMissing && 'skipped: python3 is missing' },
  async (t) => {
    const file = join(packageRoot(), 'suites/smoke/refused-upload.yaml');
    const surroundings = { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' };
    const [result] = await runSuite(
      [readCase(file, known, 'smoke/refused-upload')],
      {
        client: resolveClient('example-python', surroundings),
        time: { mode: 'real' },
        seed: 1,
        epochMs: 0,
        workers: 1,
        bail: false,
        outDir: t.testdir(),
      },
      { begin() {}, result() {}, end() {} },
    );
    const { judgement, trace } = result!;
    const { verdict, reason } = judgement;
    const [command, answer] = ['command', 'answer'].map(
      (name) => trace.events.find(({ event }) => event === name)?.at,
    );
    // Its first answer has to wait for the interpreter, and that for the disk: a delay that no canary sees.
    const isSlow = command !== undefined && answer !== undefined && answer - command > SECOND;
    if (verdict === 'inconclusive' || isSlow)
      t.pass(`the machine is too busy to tell: ${reason ?? 'the interpreter started late'}`);
    else t.equal(verdict, 'pass', reason ?? 'it keeps every obligation');
  },
);
