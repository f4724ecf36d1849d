import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../clock/virtual.ts';
import type { ClientPlan } from '../case/plan.ts';
import { type ProcessListener, tellNotStarted } from '../client/process.ts';
import type { Profile } from '../client/profile.ts';
import { Recorder } from '../trace/recorder.ts';
import { ClientControl } from './client-control.ts';
import type { Prepared } from './prepare-client.ts';
import type { World } from './world.ts';

/** A black box that nothing ends but `kill`, and hooks of shell commands. */
function control(folder: string, hooks: Readonly<Record<string, string>>, unstarted?: Error) {
  const held: Promise<void>[] = [];
  const failures: string[] = [];
  const clock = new VirtualClock(0);
  const launch = (_: unknown, listener: ProcessListener) => {
    if (unstarted) tellNotStarted(listener, unstarted);
    return {
      write: () => {},
      endInput: () => {},
      terminate: () => {},
      kill: () => listener.exited({ code: null, signal: 'SIGKILL' }),
    };
  };
  const hold = (work: Promise<void>) => held.push(work);
  const recorder = new Recorder(clock);
  const client = new ClientControl({
    plan: { name: 'client' } as ClientPlan,
    world: { clock, launch, hold, wake: () => {}, divisor: 1 } as unknown as World,
    recorder,
    profile: { tier: 'black-box', annotations: [] } as unknown as Profile,
    prepared: {
      hooks: new Map(Object.entries(hooks).map(([name, text]) => [name, ['/bin/sh', '-c', text]])),
      configuration: { templates: new Map() },
      env: {},
      folder,
      launchSpec: () => ({}),
    } as unknown as Prepared,
    fail: (message) => failures.push(message),
  });
  const file = join(folder, 'told');
  return { client, clock, recorder, held, failures, told: () => readFileSync(file, 'utf8') };
}

/** The first takes longer than the one behind it. */
const SLOW_START = {
  'start-program': 'sleep 0.1; echo start >> told',
  'stop-program': 'echo stop >> told',
};

t.test('hooks run one behind the other, in the order of the commands', async (t) => {
  const { client, recorder, held, told } = control(t.testdir({ told: '' }), SLOW_START);
  client.start();
  client.command('start-program', 'word.exe');
  client.command('stop-program', 'word.exe');
  await Promise.all(held);
  t.equal(told(), 'start\nstop\n');
  const answers = recorder.events().filter(({ event }) => event === 'answer');
  t.same(
    answers.map(({ fields }) => [fields['id'], fields['result']]),
    [
      [1, 'ok'],
      [2, 'ok'],
    ],
  );
});

t.test('what a client was to be told when it was killed is told to no other', async (t) => {
  const { client, recorder, held, told } = control(t.testdir({ told: '' }), SLOW_START);
  client.start();
  client.command('start-program', 'word.exe');
  client.command('stop-program', 'word.exe');
  client.kill();
  client.start();
  await Promise.all(held);
  t.equal(told(), '', 'it was gone before its first hook began');
  t.notOk(recorder.events().some(({ event }) => event === 'answer'));
});

t.test('a hook that hangs is the reason why a client was not told to end', async (t) => {
  const { client, clock, held, failures, recorder } = control(t.testdir({ told: '' }), {
    'start-program': 'sleep 20',
    shutdown: 'echo end >> told',
  });
  client.start();
  client.command('start-program', 'word.exe');
  client.shutDown(clock, 5_000_000_000n);
  await new Promise(setImmediate);
  clock.advanceTo(5_000_000_000n);
  t.match(failures, [/^the hook start-program had not ended, and the client ran on; correct it/]);
  t.notOk(recorder.events().some(({ event }) => event === 'contract'));
  client.close();
  await Promise.all(held);
});

t.test(
  'a client that the machine has no process left for has not failed; one that is gone has',
  (t) => {
    const started = (code: string) => {
      const error = Object.assign(new Error(`spawn python3 ${code}`), { code });
      const { client, recorder, failures } = control(t.testdir(), {}, error);
      client.start();
      t.ok(recorder.events().some(({ event }) => event === 'contract'));
      return failures;
    };
    t.match(started('EAGAIN'), [
      /^client: it could not be started: spawn python3 EAGAIN: .*ulimit -u/,
    ]);
    t.same(started('ENOENT'), []);
    t.end();
  },
);
