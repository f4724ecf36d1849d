// A client that is slow to start, in scaled time: what its start explains is no failure of its own.
import { join } from 'node:path';
import type { Test } from 'tap';
import { long } from './depth.fixture.ts';
import { metering } from '../../emulators/metering/index.ts';
import { loadCase } from '../case/load.ts';
import { resolveClient } from '../client/resolve.ts';
import { judge } from '../judge/judge.ts';
import type { Judgement } from '../judge/verdict.ts';
import { formatTrace, parseTrace } from '../trace/file.ts';
import { ownBlock } from './claim-block.ts';
import { conclude } from './conclude.ts';
import { RealWorld } from './real-world.ts';
import { runCase } from './run-case.ts';

/** A second of real time is twenty of the case. */
const FACTOR = 20;
const planUntil = (end: string) =>
  loadCase(
    `
title: a client connects when it is started
source: a test
servers: [alpha]
client: { mode: offline, attempts: 1, pollingInterval: 20s, retryDelay: 5s, connectTimeout: 5s, answerTimeout: 5s }
play: |
  0s   client  start
  ${end}  end
expect: |
  0s..5s  alpha.pipe  connect
`,
    'suites/test/connects.yaml',
    { rules: new Set(), dialects: [metering] },
  );

async function judged(t: Test, end: string, beforeIt: string): Promise<Judgement> {
  const plan = planUntil(end);
  const folder = t.testdir({
    'client.mjs': `import { connect } from 'node:net';
const [host, port] = process.env.METERPROOF_SERVER_ALPHA_PIPE.split(':');
const go = () => connect({ host, port: Number(port) }).on('error', () => {});
${beforeIt}
setInterval(() => {}, 1000);
`,
    'client.yaml':
      'name: slow\ncommand: [node, "{here}/client.mjs"]\ntier: black-box\ntime: [scaled]\n',
  });
  const client = resolveClient(join(folder, 'client.yaml'), {
    cwd: process.cwd(),
    searchPath: process.env['PATH'] ?? '',
  });
  const world = new RealWorld({ factor: FACTOR, block: await ownBlock() });
  const played = await runCase(plan, world, { client, seed: 1, dialect: metering });
  t.equal(played.error, undefined);
  const judgement = conclude(plan, played, client.profile, []);
  const file = parseTrace(formatTrace(played.trace), 'a.jsonl');
  t.equal(judge(plan, file, { rules: [] }).reason, judgement.reason, 'the file says no less');
  return judgement;
}

long('one that loads for a second and a half before it connects', async (t) => {
  const { verdict, reason } = await judged(
    t,
    '40s',
    'const from = performance.now();\nwhile (performance.now() < from + 1500);\ngo();',
  );
  t.equal(verdict, 'inconclusive', reason ?? '');
  t.match(
    reason,
    /^expect: it hangs on \S+, and the machine was up to \S+ late, and the client took up to (3\d|[4-9]\d)\S* to start$/,
  );
});

long('one that is there and waits before it connects has only itself to blame', async (t) => {
  const { verdict, reason } = await judged(t, '100s', 'setTimeout(go, 4500);');
  t.equal(verdict, 'fail', reason ?? '');
});
