// `tls: terminate`: a real TLS client, the test authority in between, and real servers with TLS and without.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import t from 'tap';
import { long, longIf } from './depth.fixture.ts';
import { loadCase } from '../case/load.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import { TestAuthority } from '../shim/test-authority.ts';
import { checkUpstreams } from '../shim/upstream.ts';
import { startServers } from './fixture/opaque/servers.fixture.ts';
import type { CaseResult } from './result.ts';
import { runSuite } from './run-suite.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const folder = mkdtempSync(join(tmpdir(), 'meterproof-opaque-tls-'));
const plain = await startServers(['bravo']);
const heard: string[] = [];
const secure = createServer(new TestAuthority(Date.now()).identify(['real']), (socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    heard.push(String(bytes));
    socket.write('lease of alpha\n');
  });
});
secure.listen(0, '127.0.0.1');
await once(secure, 'listening');
const alpha = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
t.teardown(async () => {
  await plain.close();
  secure.close();
  rmSync(folder, { recursive: true, force: true });
});

const plan = loadCase(
  `title: x
source: x
dialect: opaque
servers: [alpha, bravo]
client: { retryDelay: 500ms, pollingInterval: 1s }
play: |
  0s   client start
  3s   alpha  down reset
  6s   end
expect: |
  0s..3s  alpha  connect
  3s      alpha  reset
  3s..6s  bravo  connect
`,
  'suites/x/y.yaml',
  known,
);

async function play(
  tls: string,
  at: Readonly<Record<'alpha' | 'bravo', string>>,
  { mode = 'real', argument = '' }: { mode?: 'real' | 'virtual'; argument?: string } = {},
): Promise<CaseResult> {
  const spec = join(folder, 'tls-client.yaml');
  const script = join(import.meta.dirname, 'fixture/opaque/tls-client.mjs');
  writeFileSync(
    spec,
    `name: tls-client
protocol: opaque
command: [node, ${JSON.stringify(script)}, "${argument}"]
tier: black-box
${tls}
servers: { alpha: { upstream: ${at.alpha} }, bravo: { upstream: ${at.bravo} } }
policy: { attempts: 1, retryDelay: 500ms, connectTimeout: 1s, answerTimeout: 1s, attemptsPerMinute: 100 }
`,
  );
  const [result] = await runSuite(
    [plan],
    {
      client: resolveClient(spec, { cwd: folder, searchPath: process.env['PATH'] ?? '' }),
      time: { mode },
      seed: 1,
      epochMs: Date.UTC(2031, 0, 1),
      workers: 1,
      bail: false,
      outDir: folder,
    },
    { begin() {}, result() {}, end() {} },
  );
  return result!;
}

const said = ({ stderrTail }: CaseResult): string => stderrTail.join('\n');

for (const mode of ['real', 'virtual'] as const)
  longIf(mode === 'real')(
    `a TLS client is answered by servers behind TLS, in ${mode} time`,
    async (t) => {
      heard.length = 0;
      const result = await play('tls: terminate', { alpha, bravo: alpha }, { mode });
      t.equal(result.judgement.verdict, 'pass', `${result.judgement.reason} ${said(result)}`);
      t.match(said(result), /got lease of alpha/);
      t.ok(heard.includes('lease please\n'), 'the real server reads what the client wrote');
      const events = JSON.stringify(result.trace.events, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
      t.notMatch(events, /lease/, 'the plaintext is not recorded');
    },
  );

long('the address of IPv6 is in the certificate too', async (t) => {
  const at = { alpha, bravo: alpha };
  const result = await play('tls: terminate\nnetwork: ipv6', at, { mode: 'virtual' });
  t.equal(result.judgement.verdict, 'pass', `${result.judgement.reason} ${said(result)}`);
  t.match(said(result), /got lease of alpha/);
});

long('real servers without TLS are spoken to without it', async (t) => {
  const at = { alpha: plain.at['bravo']!, bravo: plain.at['bravo']! };
  const result = await play('tls: terminate\nupstreamTls: false', at, { mode: 'virtual' });
  t.equal(result.judgement.verdict, 'pass', `${result.judgement.reason} ${said(result)}`);
  t.match(said(result), /got lease-\d+ of bravo/);
});

long('a handshake is no answer of the real server', async (t) => {
  const deaf = createTcpServer((socket) => socket.on('error', () => {}).resume());
  deaf.listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const silent = `127.0.0.1:${(deaf.address() as AddressInfo).port}`;
  const at = { alpha: silent, bravo: plain.at['bravo']! };
  const { trace } = await play('tls: terminate\nupstreamTls: false', at, { mode: 'virtual' });
  deaf.close();
  const sent = trace.events.filter(({ event }) => event === 'sent');
  const by = (server: string) => sent.filter(({ actor }) => actor === server);
  t.ok(by('alpha').length > 0);
  t.ok(by('alpha').every(({ fields }) => fields['tls'] === 'own'));
  const first = by('bravo').filter(({ conn }) => conn === by('bravo')[0]!.conn);
  t.equal(first[0]!.fields['tls'], 'own', 'the handshake of the other');
  t.equal(first.at(-1)!.fields['tls'], undefined, 'and its answer');
});

long('a server that wants TLS and is spoken to without it gets a note', async (t) => {
  const at = { alpha: plain.at['bravo']!, bravo: alpha };
  const { notes = [] } = await play('tls: terminate\nupstreamTls: false', at, { mode: 'virtual' });
  t.equal(notes.length, 1, 'and the other, which answers, none');
  t.match(notes[0], /^connections to bravo ended .*upstreamTls/);
});

long('a client that waits for a greeting before it begins TLS gets a note', async (t) => {
  const at = { alpha: plain.at['bravo']!, bravo: plain.at['bravo']! };
  const options = { mode: 'virtual', argument: 'waits-for-a-greeting' } as const;
  const { notes = [] } = await play('tls: terminate\nupstreamTls: false', at, options);
  t.match(notes, [/^the client sent nothing on its connections to alpha and bravo: .*no STARTTLS/]);
});

long('a client that does not know the authority turns away', async (t) => {
  const options = { mode: 'virtual', argument: 'trusts-nobody' } as const;
  const result = await play('tls: terminate', { alpha, bravo: alpha }, options);
  t.match(said(result), /lost: (?:UNABLE_TO|SELF_SIGNED)/);
  t.notMatch(said(result), /got/);
});

t.test('a real server that speaks no TLS is told before anything is played', async (t) => {
  const at = { alpha, bravo: plain.at['bravo']! };
  await t.rejects(
    play('tls: terminate', at),
    /behind bravo, .* cannot be reached by TLS \(\w+\).*upstreamTls: false/,
  );
  const [host, port] = alpha.split(':') as [string, string];
  t.equal(await checkUpstreams({ alpha: { host, port: Number(port), tls: true } }), undefined);
});
