import t from 'tap';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import { KeptReport } from '../report.fixture.ts';
import { Unavailable, type Refusal, type Share } from '../share-client.ts';
import { ManualTime } from '../time.fixture.ts';
import { Synchronization } from './synchronization.ts';

const MINUTE_MS = 60_000;
const answer = (status: number, headers = {}) => ({ status, headers, body: Buffer.alloc(0) });

/** Two shares that fail as they are told, and a spool with the logs `1` and `2`. */
function scene(bugs: Bugs = NO_BUGS) {
  const time = new ManualTime();
  const report = new KeptReport();
  const calls: string[] = [];
  const logs = ['1', '2'];
  const aside: string[] = [];
  /** By `alpha probe`, `alpha 1`, `bravo configuration`: what that call comes to. */
  const trouble = new Map<string, Unavailable | Refusal>();
  /** How long it takes to fail. */
  const slowMs = new Map<string, number>();

  const share = (server: string): Share => {
    const call = async (what: string): Promise<Refusal | undefined> => {
      calls.push(`${time.elapsedMs() / MINUTE_MS} ${server} ${what}`);
      await time.until(time.elapsedMs() + (slowMs.get(`${server} ${what}`) ?? 0));
      const outcome = trouble.get(`${server} ${what}`);
      if (outcome instanceof Unavailable) throw outcome;
      return outcome;
    };
    return {
      server,
      probe: async () => void (await call('probe')),
      upload: (log) => call(log),
      configuration: async () => {
        await call('configuration');
        return Buffer.from(server);
      },
    };
  };
  const spool = {
    seal: () => {},
    logs: () => [...logs],
    read: (log: string) => Buffer.from(log),
    replace: (log: string, parts: readonly (readonly string[])[]) => {
      const names = parts.map((lines) => lines.join('+'));
      logs.splice(logs.indexOf(log), 1, ...names);
      return names;
    },
    remove: (log: string) => void logs.splice(logs.indexOf(log), 1),
    setAside: (log: string) => {
      aside.push(...logs.splice(logs.indexOf(log), 1));
      return log;
    },
  };
  const synchronization = new Synchronization({
    configuration: { attempts: 3, retryDelayMs: 15 * MINUTE_MS, retryJitter: 0 },
    shares: [share('alpha'), share('bravo')],
    spool,
    keepConfiguration: () => {},
    time,
    report,
    bugs,
  });
  return { time, report, calls, logs, aside, trouble, slowMs, spool, synchronization };
}

const down = new Unavailable('refused');

t.test('while all is well the primary gets everything', async (t) => {
  const { synchronization, calls, logs } = scene();
  await synchronization.run();
  t.same(calls, ['0 alpha probe', '0 alpha 1', '0 alpha 2', '0 alpha configuration']);
  t.same(logs, []);
});

t.test('what fails at one server goes to the next at once', async (t) => {
  const { synchronization, calls, trouble, logs } = scene();
  trouble.set('alpha 2', down);
  await synchronization.run();
  t.same(calls.slice(2), ['0 alpha 2', '0 bravo probe', '0 bravo 2', '0 bravo configuration']);
  t.same(logs, []);
});

t.test('primary-fixation: the next server is not tried', async (t) => {
  const { synchronization, calls, trouble, time, logs } = scene(new Set(['primary-fixation']));
  trouble.set('alpha probe', down);
  void synchronization.run();
  await time.goTo(240 * MINUTE_MS);
  t.same(calls, ['0 alpha probe', '15 alpha probe', '30 alpha probe']);
  t.same(logs, ['1', '2']);
});

t.test('all servers down: as many passes as there are attempts, spaced', async (t) => {
  const { synchronization, calls, trouble, time, logs } = scene();
  trouble.set('alpha probe', down).set('bravo probe', down);
  void synchronization.run();
  await time.goTo(240 * MINUTE_MS);
  t.same(
    calls,
    [0, 15, 30].flatMap((minute) => [`${minute} alpha probe`, `${minute} bravo probe`]),
  );
  t.same(logs, ['1', '2']);
});

t.test('the next pass begins a delay after the last request, whatever that took', async (t) => {
  const { synchronization, calls, trouble, slowMs, time } = scene();
  trouble.set('alpha 1', down).set('bravo probe', down);
  slowMs.set('alpha 1', 2 * MINUTE_MS).set('bravo probe', MINUTE_MS);
  void synchronization.run();
  await time.goTo(18 * MINUTE_MS);
  t.same(calls, ['0 alpha probe', '0 alpha 1', '2 bravo probe', '17 alpha probe', '17 alpha 1']);
});

t.test('a configuration that fails does not repeat the upload', async (t) => {
  const { synchronization, calls, trouble, time } = scene();
  trouble.set('alpha configuration', down).set('bravo configuration', down);
  void synchronization.run();
  await time.goTo(20 * MINUTE_MS);
  t.equal(calls.filter((call) => call.endsWith(' 1')).length, 1);
  t.ok(calls.includes('0 bravo configuration'));
  t.ok(calls.includes('15 alpha configuration'));
});

t.test('a log that is refused for good is put aside, the one behind it goes through', async (t) => {
  const { synchronization, calls, trouble, logs, aside, report } = scene();
  trouble.set('alpha 1', { status: 409, why: 'another log with this name' });
  await synchronization.run();
  t.same(calls, ['0 alpha probe', '0 alpha 1', '0 alpha 2', '0 alpha configuration']);
  t.same({ logs, aside }, { logs: [], aside: ['1'] });
  t.match(report.troubles[0], /409/);
});

t.test('a disk that is full is reported, and the next poll tries again', async (t) => {
  const { synchronization, spool, logs, report } = scene();
  const { remove } = spool;
  spool.remove = () => {
    throw new Error('disk full');
  };
  await synchronization.run();
  t.match(report.troubles[0], /disk full/);
  spool.remove = remove;
  await synchronization.run();
  t.same(logs, []);
});

t.test('a server that names a Retry-After is left alone until then', async (t) => {
  const { synchronization, calls, trouble, time } = scene();
  const headers = { 'retry-after': '1500' };
  trouble.set('alpha probe', new Unavailable('busy', answer(503, headers)));
  trouble.set('bravo probe', down);
  void synchronization.run();
  await time.goTo(60 * MINUTE_MS);
  t.same(calls, [
    '0 alpha probe',
    '0 bravo probe',
    '15 bravo probe',
    '30 alpha probe',
    '30 bravo probe',
  ]);
});

t.test('a server that refuses the account is not asked again before the next poll', async (t) => {
  const { synchronization, calls, trouble, time } = scene();
  trouble.set('alpha probe', new Unavailable('no', answer(401))).set('bravo probe', down);
  void synchronization.run();
  await time.goTo(60 * MINUTE_MS);
  t.equal(calls.filter((call) => call.endsWith('alpha probe')).length, 1);
  trouble.clear();
  await synchronization.run();
  t.equal(calls.at(-1), '60 alpha configuration');
});
