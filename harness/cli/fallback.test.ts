// `--time auto` where virtual time is allowed and does not work: the next mode, by name and with the reason.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { whyNotShim } from '../client/native/shim-file.ts';
import { meterproof } from './ways-in.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-fallback-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const write = (file: string, text: string, mode = 0o644): void => {
  writeFileSync(join(folder, file), text);
  chmodSync(join(folder, file), mode);
};

mkdirSync(join(folder, 'suites/short'), { recursive: true });
write(
  'suites/short/waits.yaml',
  `title: a client that waits is left in peace
source: a test
servers: [alpha]
tolerance: 1m
client: { mode: offline, attempts: 1, pollingInterval: 20s, retryDelay: 5s, connectTimeout: 5s, answerTimeout: 5s }
play: |
  0s  client  start
  20s end
ledger: lost=0
`,
);
// A Node without its internals: virtual time cannot lean on them.
write(
  'node',
  `#!/bin/sh
case "$*" in *expose-internals*) echo 'bad option: --expose-internals' >&2; exit 9;; esac
exec '${process.execPath}' "$@"
`,
  0o755,
);
write('idle.mjs', "setInterval(() => {}, 1000);\nprocess.on('SIGTERM', () => process.exit());\n");
write('shell.sh', 'while :; do sleep 1; done\n');
copyFileSync('/bin/sh', join(folder, 'closed-sh'));
chmodSync(join(folder, 'closed-sh'), 0o4755);
// Nothing to be seen before it runs.
write(
  'hidden.sh',
  '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/closed-sh" "$here/shell.sh"\n',
  0o755,
);

function profile(command: string, time?: string): string {
  const modes = time === undefined ? '' : `time: ${time}\n`;
  write('client.yaml', `name: client\ntier: black-box\ncommand: ${command}\n${modes}`);
  return './client.yaml';
}

interface Report {
  readonly run: { readonly time: string; readonly timeWhy: string };
  readonly cases: readonly { readonly verdict: string; readonly again: string }[];
}

async function play(...words: readonly string[]): Promise<Report> {
  const { out, err } = await meterproof(
    folder,
    ...['run', '--suites', 'suites', '--reporter', 'json', '--out', join(folder, 'out'), ...words],
  );
  t.equal(err, '');
  return JSON.parse(out) as Report;
}

long('a Node that the self-check finds wanting is played in scaled time', async (t) => {
  const { run, cases } = await play('--client', profile('["{here}/node", "{here}/idle.mjs"]'));
  t.match(run.time, /^scaled:\d+$/);
  t.match(
    run.timeWhy,
    /^auto: not virtual: the self-check of .*\/node.* failed: bad option: --expose-internals$/,
  );
  t.equal(cases[0]!.verdict, 'pass');
  t.ok(cases[0]!.again.includes(`--time ${run.time} `), 'played again in the same time');
});

long('NODE_OPTIONS that break what the preload leans on are seen, and named', async (t) => {
  write(
    'break.cjs',
    "try { delete require('internal/test/binding').internalBinding('timers').scheduleTimer; } catch {}\n",
  );
  const before = process.env['NODE_OPTIONS'];
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  });
  process.env['NODE_OPTIONS'] = `--require ${JSON.stringify(join(folder, 'break.cjs'))}`;
  const client = ['--client', profile('[node, "{here}/idle.mjs"]')];
  const { run } = await play(...client);
  t.match(run.time, /^scaled:\d+$/);
  t.match(
    run.timeWhy,
    /^auto: not virtual: .* under NODE_OPTIONS=--require .*break\.cjs"? failed: Node v[\d.]+ has no internal "timers\.scheduleTimer"/,
  );
  const asked = await meterproof(
    folder,
    ...['run', '--suites', 'suites', '--time', 'virtual', ...client],
  );
  t.equal(asked.status, 2);
  t.match(asked.err, /no internal "timers\.scheduleTimer".*; use --time scaled:N or --time real/);
});

long('a program that ignores the native preload, and one that hides it', async (t) => {
  const { run } = await play('--client', profile('["{here}/closed-sh", "{here}/shell.sh"]'));
  t.match(run.time, /^scaled:\d+$/);
  t.match(
    run.timeWhy,
    /^auto: not virtual: .*closed-sh is setuid or setgid: it ignores LD_PRELOAD$/,
  );

  const hidden = await play('--client', profile('["{here}/hidden.sh"]'));
  t.match(hidden.run.time, /^scaled:\d+$/);
  t.match(hidden.run.timeWhy, /^auto: not virtual: escaped/);
});

t.test('what a thread cannot have is refused, or left to a process', async (t) => {
  const inProcess = (...words: readonly string[]) =>
    meterproof(folder, 'run', '--time', 'in-process', '--client', ...words);
  mkdirSync(join(folder, 'other'), { recursive: true });
  write('other/node', `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, 0o755);
  const other = profile('["{here}/other/node", "{here}/idle.mjs"]', '[in-process, virtual]');
  const refused = await inProcess(other, '--suites', 'suites');
  t.equal(refused.status, 2);
  t.match(
    refused.err,
    /a thread runs on the Node that Meterproof runs on, .*other\/node; use --time virtual/,
  );
  const { run } = await play('--client', other);
  t.match(run, { time: 'virtual', timeWhy: /^auto: not in-process: a thread runs on the Node/ });

  const tls = (words: string): string => {
    write(
      'tls.yaml',
      `name: tls\nprotocol: opaque\ntier: black-box\ncommand: ${words}\ntls: terminate
servers: { alpha: { upstream: 127.0.0.1:9 }, bravo: { upstream: 127.0.0.1:9 } }
policy: { attempts: 1, retryDelay: 10s, connectTimeout: 5s, answerTimeout: 5s }\n`,
    );
    return './tls.yaml';
  };
  const untrusting = await inProcess(tls('[node, "{here}/idle.mjs"]'));
  t.match(
    untrusting.err,
    /cannot run in process: Node reads NODE_EXTRA_CA_CERTS only when .* \{ca\}/,
  );
  const trusting = await inProcess(tls('[node, "{here}/idle.mjs", "{ca}"]'));
  t.match(trusting.err, /cannot be reached/, 'only its real servers are missing');
});

t.test('where no mode is left, all of them are named', async (t) => {
  const { err, status } = await meterproof(
    folder,
    ...[
      'run',
      '--suites',
      'suites',
      '--client',
      profile('["{here}/closed-sh", "{here}/shell.sh"]', '[virtual]'),
    ],
  );
  t.equal(status, 2);
  t.match(
    err,
    /runs in none of the modes of time that its profile allows \(time: virtual\): not virtual: .*setuid/,
  );
});

t.test('without the compiled shim native programs have no virtual time', (t) => {
  t.equal(whyNotShim(), undefined);
  t.match(whyNotShim('/no/such.so'), /no\/such\.so is missing: npm run build:native/);
  // As on a disk that is mounted noexec: the loader would leave it out, and the client be played without it.
  const file = join(t.testdir({ 'a b': { 'x.so': 'no code' } }), 'a b/x.so');
  t.match(whyNotShim(file), /a b\/x\.so cannot be preloaded \(.+\): the package must be where/);
  t.end();
});
