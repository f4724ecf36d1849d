// Clients of IPv6: the same cases, the same verdicts, with servers at [::1]; and what is said of those who dial it by mistake.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from './depth.fixture.ts';
import { loadCase, readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { find, native } from '../client/native/fixture/build.fixture.ts';
import { packageRoot } from '../client/package-root.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { resolveClient, shippedProfile } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import { formatFailure } from '../report/failure.ts';
import { palette } from '../report/palette.ts';
import type { Trace } from '../trace/event.ts';
import type { TimeChoice } from './choose-time.ts';
import { BLOCKS, claimBlock } from './claim-block.ts';
import { conclude } from './conclude.ts';
import { LOOPBACK_IPV6, whyNoLoopback } from './places.ts';
import { RealWorld } from './real-world.ts';
import type { CaseResult } from './result.ts';
import { runCase } from './run-case.ts';
import { runSuite } from './run-suite.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const folder = mkdtempSync(join(tmpdir(), 'meterproof-ipv6-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const noLoopback = await whyNoLoopback(LOOPBACK_IPV6);
const skipReal = noLoopback === undefined ? {} : { skip: noLoopback };
const SETTINGS =
  'client: { attempts: 1, retryDelay: 1s, pollingInterval: 1s, connectTimeout: 1s, answerTimeout: 1s }';

const refusedUpload = readCase(
  join(packageRoot(), 'suites/smoke/refused-upload.yaml'),
  known,
  'smoke/refused-upload',
);
/** For clients that know no programs. */
const refusedProbe = loadCase(
  `title: a client asks the next server while its first refuses connections
source: Q235786
servers: [alpha, bravo]
${SETTINGS}
play: |
  0s  alpha   down refuse
  0s  client  start
  4s  end
expect: |
  any order:
    0s..  alpha.share  refused  {1..}
    0s..  bravo.share  probe    {1..}
`,
  'refused-probe.yaml',
  known,
);

function clientOf(name: string, text: string): ResolvedClient {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, text);
  return resolveClient(path, { cwd: folder, searchPath: process.env['PATH'] ?? '' });
}

function shipped(name: string, network: 'ipv4' | 'ipv6'): ResolvedClient {
  return { spec: name, profile: { ...shippedProfile(name), network }, bugs: [] };
}

/** A shell with curl. Its proxy settings, if there are any, are not those of loopback. */
const CURL = clientOf(
  'curl',
  `name: curl
command:
  - sh
  - -c
  - 'while :; do for at in "$@"; do curl -s --noproxy "*" -m 5 -o answer "http://$at/LicMtr/dbup.ini" && break; done; sleep 1; done'
  - sh
  - "{server.alpha.share}"
  - "{server.bravo.share}"
tier: black-box
network: ipv6
`,
);

async function play(client: ResolvedClient, plan: Plan, time: TimeChoice): Promise<CaseResult> {
  const [result] = await runSuite(
    [plan],
    {
      client,
      time,
      seed: 1,
      epochMs: Date.UTC(2026, 0, 1),
      workers: 1,
      bail: false,
      outDir: folder,
    },
    { begin() {}, result() {}, end() {} },
  );
  return result!;
}

/** Of one's own block, so that tests run side by side; what a busy machine leaves open is no failure of the client. */
async function playReal(client: ResolvedClient, plan: Plan) {
  const { network } = client.profile;
  const block = await claimBlock(process.pid % BLOCKS);
  const world = new RealWorld({ factor: 1, block, network });
  const dialect = DIALECTS[plan.dialect]!;
  const played = await runCase(plan, world, { client, seed: 1, dialect });
  return { ...played, judgement: conclude(plan, played, client.profile) };
}

/** Where the servers are is all that differs. */
function withoutPlaces({ events }: Trace): readonly string[] {
  return events.map((event) => {
    const bytes = Buffer.from(event.bytes ?? '', 'base64').toString('latin1');
    const { length: _, ...fields } = event.fields;
    return JSON.stringify({ ...event, at: String(event.at), fields, bytes })
      .replaceAll(/127\.77\.1\.(\d):72[38]0/g, 'server $1')
      .replaceAll(/\[?::1\]?:72(\d\d)/g, (_all, port) => `server ${(Number(port) - 29) >> 1}`);
  });
}

const clients: readonly (readonly [string, ResolvedClient, Plan])[] = [
  ['the reference client', shipped('reference', 'ipv6'), refusedUpload],
  ...(native && find('python3')
    ? ([['the client in Python', shipped('example-python', 'ipv6'), refusedUpload]] as const)
    : []),
  ...(native && find('curl') ? ([['a shell with curl', CURL, refusedProbe]] as const) : []),
];

for (const [name, client, plan] of clients)
  t.test(`${name} passes over ::1 in virtual time`, async (t) => {
    const { judgement, trace, notes } = await play(client, plan, { mode: 'virtual' });
    t.equal(judgement.verdict, 'pass', judgement.reason ?? judgement.findings[0]?.actual ?? '');
    t.equal(notes, undefined);
    t.match(JSON.stringify(trace.events.map(({ event }) => event)), /"refused".*"connect"/);
  });

long('and gives the trace that it gives over IPv4, but for the places', async (t) => {
  const six = await play(shipped('reference', 'ipv6'), refusedUpload, { mode: 'virtual' });
  const four = await play(shipped('reference', 'ipv4'), refusedUpload, { mode: 'virtual' });
  t.same(withoutPlaces(six.trace), withoutPlaces(four.trace));
  const thread = await play(shipped('reference', 'ipv6'), refusedUpload, { mode: 'in-process' });
  t.same(thread.trace, six.trace, 'in process too');
});

long('the same clients in real time', skipReal, (t) => {
  t.jobs = clients.length;
  for (const [name, client, plan] of clients)
    t.test(name, async (t) => {
      const { trace, judgement, error } = await playReal(client, plan);
      t.equal(error, undefined);
      t.ok(['pass', 'inconclusive'].includes(judgement.verdict), judgement.reason ?? '');
      const seen = (actor: string, event: string) =>
        trace.events.some((one) => one.actor === actor && one.event === event);
      t.ok(seen('alpha', 'refused'), 'an observer has seen the attempt that nobody took');
      t.ok(seen('bravo', 'probe'));
      t.not(trace.header.observer, 'none');
    });
  t.end();
});

const DIALS = `name: dials-by-heart
command: [node, -e, "setInterval(() => fetch('http://[::1]:7280/LicMtr/dbup.ini').catch(() => {}), 500)"]
tier: black-box
`;
const NOTE =
  /^client dialled ::1 port 7280, which is no server of this case, \d+ times: alpha\.share is at 127\.\d+\.1\.1:7280, bravo\.share is at .*; for servers at \[::1\] write network: ipv6 in the profile$/;

t.test('a client that dials an address by heart is told so, once', async (t) => {
  const result = await play(clientOf('by-heart', DIALS), refusedProbe, { mode: 'virtual' });
  t.equal(result.judgement.verdict, 'fail');
  t.match(result.notes, [NOTE]);
  t.match(formatFailure(result, palette(false)), /\n {2}note {8}client dialled ::1 port 7280, /);
});

long('in real time as well', skipReal, async (t) => {
  const { notes } = await playReal(clientOf('by-heart', DIALS), refusedProbe);
  t.match(notes, [NOTE]);
});
