import { readFileSync } from 'node:fs';
import t from 'tap';
import type { ClientPlan } from '../case/plan.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../clock/clock.ts';
import { ConfigurationError, type ConfigurationInput, configureClient } from './configuration.ts';
import { expandTemplate } from './template.ts';

const CLIENT: ClientPlan = {
  name: 'ws1',
  mode: 'offline',
  attempts: 5,
  retryDelayNs: 15n * MINUTE,
  pollingIntervalNs: 4n * HOUR,
  liveStatusIntervalNs: HOUR,
  connectTimeoutNs: 30n * SECOND,
  answerTimeoutNs: 30n * SECOND,
};

function configure(client: Partial<ClientPlan> = {}, input: Partial<ConfigurationInput> = {}) {
  return configureClient({
    client: { ...CLIENT, ...client },
    number: 1,
    servers: [
      { name: 'alpha', address: '127.1.1.1', ports: { pipe: 5480, share: 8480 } },
      { name: 'bravo', address: '127.1.2.1', ports: { pipe: 5480, share: 8480 } },
    ],
    divisor: 1,
    usesCfg: false,
    paths: {
      config: '/case/ws1/client.json',
      cfg: '/case/ws1/LICMTR.CFG',
      data: '/case/ws1/data',
    },
    ...input,
  });
}

/** The code block of docs/client-contract.md that starts with this line. */
function example(firstLine: string): string {
  const blocks = readFileSync('docs/client-contract.md', 'utf8').matchAll(
    /^```[a-z]*\n(?<text>[^]*?)^```$/gm,
  );
  const texts = [...blocks].map(({ groups }) => groups!['text']!);
  return texts.find((text) => text.startsWith(firstLine)) ?? `no example starts with ${firstLine}`;
}

t.test('what a client is told is what the contract shows, byte by byte', (t) => {
  const { env, json, cfg, templates } = configure();
  t.same(JSON.parse(json), JSON.parse(example('{\n  "client"')));
  t.same(Object.keys(JSON.parse(json)), Object.keys(JSON.parse(example('{\n  "client"'))));
  t.equal(cfg, example('[LicMtr]').replaceAll('\n', '\r\n'));
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  t.equal(lines.join(''), example('METERPROOF_CONFIG='));
  t.equal(
    ['./meter', '--mode', '{mode}', '--spool', '{data}/spool', '--primary', '{server.alpha.share}']
      .map((word) => expandTemplate(word, templates))
      .join(' '),
    example('./meter').trim(),
  );
  t.end();
});

t.test('names go into variables in capitals with underscores', (t) => {
  const { env, templates } = configure(
    { name: 'lap-top', mode: 'online' },
    {
      number: 3,
      servers: [{ name: 'branch-2', address: '127.0.0.1', ports: { pipe: 1025, share: 1026 } }],
    },
  );
  t.equal(env['METERPROOF_SERVER_BRANCH_2_PIPE'], '127.0.0.1:1025');
  t.equal(env['METERPROOF_USER'], 'user3');
  t.equal(env['METERPROOF_WORKSTATION'], 'LAP-TOP');
  t.equal(templates.get('server.branch-2.share'), '127.0.0.1:1026');
  t.end();
});

t.test('scaled time divides durations and nothing else', (t) => {
  const { json, cfg } = configure({}, { divisor: 30, usesCfg: true });
  t.match(JSON.parse(json), {
    attempts: 5,
    retryDelayMs: 30_000,
    pollingIntervalMs: 480_000,
    connectTimeoutMs: 1000,
  });
  t.match(cfg, /^GoOnLineInt=30\r$/m);
  t.match(cfg, /^ConnectTimeout=1\r$/m);
  t.match(cfg, /^PipePort=5480\r$/m);
  t.end();
});

t.test('a fraction is rounded up, never down to nothing', (t) => {
  const { json, cfg } = configure({ connectTimeoutNs: 1_500_000_001n });
  t.equal(JSON.parse(json).connectTimeoutMs, 1501);
  t.match(cfg, /^ConnectTimeout=2\r$/m);
  t.end();
});

t.test(
  'a scale that leaves less than a whole second is refused with the largest that works',
  (t) => {
    const refused = (client: Partial<ClientPlan>, divisor: number, usesCfg: boolean) => {
      try {
        configure(client, { divisor, usesCfg });
      } catch (error) {
        if (error instanceof ConfigurationError) return error;
        throw error;
      }
      return undefined;
    };
    const error = refused({}, 31, true);
    t.equal(error?.largestDivisor, 30);
    t.match(
      error?.message,
      /scaled:31 would make connectTimeout 30s of ws1 .*largest .* scaled:30$/,
    );
    t.equal(refused({}, 30, true), undefined);
    t.equal(refused({}, 31, false), undefined, 'milliseconds have room');
    t.equal(refused({}, 30_001, false)?.largestDivisor, 30_000);
    const none = refused({ retryDelayNs: SECOND }, 2, true);
    t.match(none?.message, /no scale works/);
    t.equal(none?.largestDivisor, undefined);
    t.end();
  },
);

t.test('what needs an ability is told only where a case asks for it', (t) => {
  const { env, json } = configure({ retryJitter: 0.5, spoolRecords: 3 });
  t.match(JSON.parse(json), { retryJitter: 0.5, spoolRecords: 3 });
  t.match(env, { METERPROOF_RETRY_JITTER: '0.5', METERPROOF_SPOOL_RECORDS: '3' });
  t.notMatch(configure().json, /retryJitter|spoolRecords/);
  t.end();
});

t.test('a duration that no timer takes is refused', (t) => {
  t.throws(() => configure({ pollingIntervalNs: 25n * DAY }), /pollingIntervalMs of ws1 .* 25d/);
  t.end();
});

t.test('an IPv6 endpoint stands in brackets where its port follows, and nowhere else', (t) => {
  const servers = [{ name: 'alpha', address: '::1', ports: { pipe: 7231, share: 7232 } }];
  const { env, json, cfg, templates } = configure({}, { servers });
  t.equal(env['METERPROOF_SERVER_ALPHA_PIPE'], '[::1]:7231');
  t.same(JSON.parse(json).servers, [{ name: 'alpha', pipe: '[::1]:7231', share: '[::1]:7232' }]);
  t.match(cfg, 'Address=::1\r\nPipePort=7231\r\nSharePort=7232\r\n');
  const words = '{server.alpha.share} {server.alpha.share.host} {server.alpha.share.port}';
  t.equal(expandTemplate(words, templates), '[::1]:7232 ::1 7232');
  t.end();
});
