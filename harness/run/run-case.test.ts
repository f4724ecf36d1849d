import { join } from 'node:path';
import t from 'tap';
import { long } from './depth.fixture.ts';
import { metering } from '../../emulators/metering/index.ts';
import { loadCase } from '../case/load.ts';
import { goes } from '../client/gone.fixture.ts';
import { packageRoot } from '../client/package-root.ts';
import { resolveClient } from '../client/resolve.ts';
import { formatTrace } from '../trace/file.ts';
import type { WorldMaker } from './choose-time.ts';
import { preflight } from './preflight.ts';
import { runCase, type Played } from './run-case.ts';
import { VirtualWorld } from './virtual-world.ts';

const CASE = `
title: a program runs for five minutes
source: a test
servers: [alpha]
client: { mode: offline, pollingInterval: 1h }
play: |
  0s   client  start
  10m  client  run notepad.exe for 5m
  30m  end
ledger: lost=0
`;
const plan = loadCase(CASE, 'suites/test/one.yaml', { rules: new Set(), dialects: [metering] });
const options = { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' };
const preload = join(packageRoot(), 'dist/harness/client/virtual/preload/main.js');
const client = (fault: string) =>
  resolveClient(`node "${join(import.meta.dirname, 'fixture/client.mjs')}" ${fault}`, options);
const world = (stallMs = 20_000) =>
  new VirtualWorld({ epochMs: Date.UTC(2026, 0, 1), seed: 1, stallMs, preload });
const play = (fault: string, stallMs?: number): Promise<Played> =>
  runCase(plan, world(stallMs), { client: client(fault), dialect: metering, seed: 1 });
const contract = ({ trace }: Played): unknown[] =>
  trace.events.filter(({ event }) => event === 'contract').map(({ fields }) => fields['why']);
/** A killed process whose parent is gone may stay in the table until somebody looks after it. */
t.test('a client that keeps the contract breaks nothing, and leaves nothing', async (t) => {
  const played = await play('nothing');
  t.same(contract(played), []);
  t.equal(played.error, undefined);
  t.equal(played.trace.events.at(-1)!.event, 'exit');
});

t.test('the same case gives the same bytes, three times', async (t) => {
  const reference = resolveClient('reference', options);
  const runs = await Promise.all(
    [1, 2, 3].map(() => runCase(plan, world(), { client: reference, dialect: metering, seed: 1 })),
  );
  const [first, ...others] = runs.map(({ trace }) => formatTrace(trace));
  t.match(first, /upload-accept/);
  for (const other of others) t.equal(other, first);
});

t.test('another seed gives other ids', async (t) => {
  const reference = resolveClient('reference', options);
  const record = async (seed: number) => {
    const where = new VirtualWorld({ epochMs: 0, seed, stallMs: 20_000, preload });
    const { trace } = await runCase(plan, where, { client: reference, dialect: metering, seed });
    return trace.events.find(({ event }) => event === 'upload-accept')!.fields['record'];
  };
  t.not(await record(1), await record(2));
});

const broken: readonly (readonly [fault: string, why: RegExp])[] = [
  ['exits-at-once', /ended by itself \(exit status 3\)/],
  ['dies-in-the-middle', /ended by itself \(exit status 1\)/],
  ['floods', /more than 8 MiB of output/],
  ['talks-nonsense', /not JSON/],
  ['ignores-the-shutdown', /ignored the shutdown/],
];
for (const [fault, why] of broken)
  t.test(`a client that ${fault.replaceAll('-', ' ')} is told so`, async (t) => {
    const played = await play(fault);
    t.match(contract(played).join('\n'), why);
    t.equal(played.error, undefined, 'it is not our error');
  });

t.test('what a client sends right before it ends is heard', async (t) => {
  const { trace, error } = await play('says-goodbye');
  t.equal(error, undefined);
  const heard = trace.events.filter(({ event }) => event === 'received');
  t.same(
    heard.map(({ bytes }) => bytes && Buffer.from(bytes, 'base64').toString()),
    ['goodbye'],
  );
});

long('a client that never comes to rest is stalled: our error, within the bound', async (t) => {
  const played = await play('never-rests', 1_000);
  t.match(played.error, /stalled.*a loop that never yields/);
});

t.test('what a client leaves behind is ended, in its process group and out of it', async (t) => {
  const { trace, error } = await play('leaves-children');
  t.equal(error, undefined, 'what it leaves alone holds nothing up');
  const said = trace.events.find(({ event }) => event === 'said')!;
  const pids = String(said.fields['pids']).split(' ').map(Number);
  t.equal(pids.length, 2);
  for (const pid of pids) t.ok(await goes(pid), `process ${pid}`);
});

t.test('a client is tried before any case', async (t) => {
  const makeWorld: WorldMaker = Object.assign(() => world(), {
    mode: { mode: 'virtual' } as const,
    timeName: 'virtual',
    why: 'a test',
    parallel: true,
  });
  const fly = (fault: string) => preflight(makeWorld, plan, client(fault), metering);
  await fly('nothing');
  await t.rejects(
    fly('exits-at-once'),
    /cannot be driven: .*exit status 3[\s\S]*no licence file[\s\S]*needs a profile with tier: black-box$/,
  );
  const box = client('exits-at-once');
  const boxed = { ...box, profile: { ...box.profile, tier: 'black-box' as const } };
  await t.rejects(
    preflight(makeWorld, plan, boxed, metering),
    /cannot be played: .*exit status 3[\s\S]*no licence file[\s\S]*a black box runs until it is told to end/,
  );
  await t.rejects(fly('says-ok-to-anything'), /made-up command/);
  await t.resolves(fly('unsupported'), 'a client may say that it cannot start for a case');
});
