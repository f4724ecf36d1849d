import t from 'tap';
import type { ClientMessage, ServerMessage } from '../../../emulators/metering/codec/index.ts';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import { KeptReport } from '../report.fixture.ts';
import { ManualTime } from '../time.fixture.ts';
import { CheckOuts } from './check-outs.ts';
import { LeaseBook } from './lease-book.ts';
import type { OpenPipe } from './line.ts';
import { OnlineSession } from './session.ts';

const MINUTE_MS = 60_000;
const address = { host: '127.0.0.1', port: 1 };
const server = (name: string) => ({ name, pipe: address, share: address });

type Manner = 'up' | 'refuses' | 'silent' | 'denies' | 'busy' | 'refuses-login';

/** Servers that behave as they are told, a session of 3 attempts and 15 minutes, and a list of what was asked, by the minute. */
class Scene {
  readonly time = new ManualTime();
  readonly report = new KeptReport();
  readonly log: string[] = [];
  readonly manner = new Map<string, Manner>();
  readonly push = new Map<string, (message: ServerMessage) => void>();
  readonly session: OnlineSession;
  readonly #connections = new Map<string, Set<() => void>>();

  constructor(folder: string, bugs: Bugs = NO_BUGS, names = ['alpha', 'bravo']) {
    const [assigned, ...others] = names.map(server);
    const configuration: Configuration = {
      client: 'ws1',
      user: 'user1',
      workstation: 'WS1',
      mode: 'online',
      servers: [assigned!, ...others],
      attempts: 3,
      retryDelayMs: 15 * MINUTE_MS,
      retryJitter: 0,
      pollingIntervalMs: 240 * MINUTE_MS,
      liveStatusIntervalMs: 60 * MINUTE_MS,
      connectTimeoutMs: 1000,
      answerTimeoutMs: 1000,
    };
    const book = new LeaseBook(folder, this.report);
    const open =
      (name: string): OpenPipe =>
      (onLost, onPush) => {
        this.push.set(name, onPush);
        return this.#open(name, onLost);
      };
    const { time, report } = this;
    const checkOuts = new CheckOuts(folder, time, report, bugs);
    this.session = new OnlineSession({ configuration, open, book, checkOuts, time, report, bugs });
  }

  /** Starts the session and lets it go on until that minute. */
  async begin(minute = 0): Promise<void> {
    void this.session.run();
    await this.at(minute);
  }

  at(minute: number): Promise<void> {
    return this.time.goTo(minute * MINUTE_MS);
  }

  /** The server is gone: its connections end, new ones are refused. */
  down(name: string): void {
    this.manner.set(name, 'refuses');
    for (const drop of this.#connections.get(name) ?? []) drop();
  }

  drop(name: string): void {
    for (const drop of this.#connections.get(name) ?? []) drop();
  }

  #note(name: string, what: string): void {
    this.log.push(`${Math.round(this.time.elapsedMs() / MINUTE_MS)} ${name} ${what}`);
  }

  async #open(name: string, onLost: () => void) {
    if (this.manner.get(name) === 'refuses') {
      this.#note(name, 'refused');
      throw new Error('refused');
    }
    const drop = (): void => {
      connections.delete(drop);
      onLost();
    };
    const connections = this.#connections.get(name) ?? new Set();
    this.#connections.set(name, connections.add(drop));
    return {
      ask: async (request: ClientMessage) => this.#answer(name, request),
      leave: () => {
        this.#note(name, 'bye');
        connections.delete(drop);
      },
      destroy: () => void connections.delete(drop),
    };
  }

  async #answer(name: string, request: ClientMessage): Promise<ServerMessage> {
    const manner = this.manner.get(name);
    const about = 'program' in request ? ` ${request.program}` : '';
    this.#note(name, `${request.type}${about}`);
    if (manner === 'silent') {
      await this.time.until(this.time.elapsedMs() + 1000);
      throw new Error('silent');
    }
    switch (request.type) {
      case 'hello':
        return manner === 'refuses-login'
          ? { type: 'login-refused', reason: 'locked' }
          : { type: 'welcome', serverTimeMs: 0, configurationVersion: 1 };
      case 'request-use':
        if (manner === 'denies') return { type: 'denied', why: 'no-seat' };
        if (manner === 'busy') return { type: 'busy', retryAfterMs: 20 * MINUTE_MS };
        return { type: 'granted', lease: `${name}-${request.program}` };
      case 'request-callback':
        return { type: 'callback-registered', durationMs: 1000 };
      case 'check-out':
        if (manner === 'denies') return { type: 'denied', why: 'no-seat' };
        return { type: 'checked-out', lease: `${name}-away`, durationMs: request.durationMs };
      case 'check-in':
        return { type: 'checked-in', lease: request.lease };
      case 'live-status':
        if (request.leases.length > 512) throw new Error('more than a message can name');
        return { type: 'live-ack', leases: request.leases };
      case 'release':
        return { type: 'released', lease: request.lease };
      default:
        throw new Error(`not played: ${request.type}`);
    }
  }
}

t.test('it stays with its assigned server and says that it lives', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(10);
  const seat = scene.session.take('word.exe');
  await scene.at(130);
  scene.session.giveBack(seat);
  await scene.at(300);
  t.same(scene.log, [
    '0 alpha hello',
    '10 alpha request-use word.exe',
    '60 alpha live-status',
    '120 alpha live-status',
    '130 alpha release',
  ]);
});

t.test('it uses its attempts, spaced, before it switches, and comes back', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  const first = scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(69);
  scene.manner.set('alpha', 'up');
  await scene.at(75);
  const second = scene.session.take('excel.exe');
  await scene.at(80);
  scene.session.giveBack(first);
  scene.session.giveBack(second);
  await scene.at(81);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '10 alpha refused',
    '25 alpha refused',
    '40 alpha refused',
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '55 alpha refused',
    '60 bravo live-status',
    '70 alpha hello',
    '70 alpha release',
    '75 alpha request-use excel.exe',
    '80 bravo release',
    '80 alpha release',
    '80 bravo bye',
  ]);
});

t.test('hasty-switch: the next server after the first failure', async (t) => {
  const scene = new Scene(t.testdir(), new Set(['hasty-switch']));
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(11);
  t.same(scene.log.slice(2), [
    '10 alpha refused',
    '10 bravo hello',
    '10 bravo request-use word.exe',
  ]);
});

t.test('orphan-seat: the old lease is never released', async (t) => {
  const scene = new Scene(t.testdir(), new Set(['orphan-seat']));
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(50);
  scene.manner.set('alpha', 'up');
  await scene.at(600);
  t.ok(scene.log.includes('55 alpha hello'), 'it comes back');
  t.notOk(scene.log.some((line) => line.endsWith('release')));
});

t.test('an idle client reconnects only when it has to', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(10);
  scene.drop('alpha');
  await scene.at(100);
  t.same(scene.log, ['0 alpha hello']);
  scene.session.take('word.exe');
  await scene.at(101);
  t.same(scene.log.slice(1), ['100 alpha hello', '100 alpha request-use word.exe']);
});

t.test('no server at all: it meters by itself until the assigned one is back', async (t) => {
  const scene = new Scene(t.testdir());
  scene.down('alpha');
  scene.down('bravo');
  await scene.begin(31);
  t.notOk(scene.report.events.includes('offline'));
  await scene.at(61);
  t.ok(scene.report.events.includes('offline'));
  const seat = scene.session.take('word.exe');
  await scene.at(80);
  t.equal(seat.isMetered, true);
  scene.manner.set('bravo', 'up').set('alpha', 'up');
  await scene.at(100);
  t.same(scene.log, [
    '0 alpha refused',
    '15 alpha refused',
    '30 alpha refused',
    '30 bravo refused',
    '45 bravo refused',
    '60 bravo refused',
    '60 alpha refused',
    '75 alpha refused',
    '90 alpha hello',
    '90 alpha request-use word.exe',
  ]);
});

t.test('a silent server is an attempt that failed, also after its welcome', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.manner.set('alpha', 'silent');
  scene.session.take('word.exe');
  await scene.at(59);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '5 alpha hello',
    '20 alpha hello',
    '35 alpha hello',
    '35 bravo hello',
    '35 bravo request-use word.exe',
    '50 alpha hello',
  ]);
});

t.test('a denial is final: nobody else is asked, and nothing is metered', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'denies');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(6);
  t.equal(seat.isMetered, false);
  scene.down('alpha');
  await scene.at(600);
  t.same(scene.log, [
    '0 alpha hello',
    '5 alpha request-use word.exe',
    '5 alpha request-callback word.exe',
  ]);
});

t.test('a run that was granted elsewhere is metered on when a server denies it', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('bravo', 'denies');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(54);
  t.equal(seat.isMetered, true);
  scene.manner.set('alpha', 'up');
  await scene.at(600);
  t.same(scene.log.slice(5), [
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '55 alpha hello',
    '55 alpha release',
    '55 bravo bye',
  ]);
});

t.test('a run that no server could be asked about is metered on when it is denied', async (t) => {
  const scene = new Scene(t.testdir());
  scene.down('alpha');
  scene.down('bravo');
  await scene.begin(5);
  const early = scene.session.take('word.exe');
  await scene.at(62);
  const late = scene.session.take('excel.exe');
  scene.manner.set('alpha', 'denies');
  await scene.at(80);
  const online = scene.session.take('winword.exe');
  await scene.at(81);
  t.same(
    [early, late, online].map(({ isMetered }) => isMetered),
    [true, true, false],
  );
  t.equal(scene.log.filter((line) => line.includes('request-use')).length, 3);
});

t.test('a live status names at most 512 leases', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  for (let n = 0; n < 513; n++) scene.session.take(`${n}.exe`);
  await scene.at(61);
  t.same(scene.log.slice(-2), ['60 alpha live-status', '60 alpha live-status']);
});

t.test(
  'a busy server is asked again at the pace that it names, then it counts as down',
  async (t) => {
    const scene = new Scene(t.testdir());
    scene.manner.set('alpha', 'busy');
    await scene.begin(5);
    scene.session.take('word.exe');
    await scene.at(66);
    t.same(scene.log, [
      '0 alpha hello',
      '5 alpha request-use word.exe',
      '25 alpha request-use word.exe',
      '45 alpha request-use word.exe',
      '45 alpha bye',
      '45 bravo hello',
      '45 bravo request-use word.exe',
      '60 bravo live-status',
      '65 alpha hello',
    ]);
  },
);

t.test('a refused login is not tried again, there or elsewhere', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'refuses-login');
  await scene.begin(5);
  const seat = scene.session.take('word.exe');
  await scene.at(600);
  t.same(scene.log, ['0 alpha hello']);
  t.equal(seat.isMetered, true);
});

t.test('a login that one server refuses ends the questions to all of them', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(45);
  scene.manner.set('alpha', 'refuses-login');
  await scene.at(59);
  scene.session.take('excel.exe');
  await scene.at(600);
  t.same(scene.log.slice(-3), ['40 bravo request-use word.exe', '55 alpha hello', '55 bravo bye']);
});

t.test('a server that drops each connection is not asked without pause', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(6);
  for (let n = 0; n < 10; n++) {
    scene.drop('alpha');
    await scene.at(6 + n / 100);
  }
  t.same(scene.log.slice(2), ['6 alpha hello']);
});

t.test('a lease that was held at a kill is released after the restart', async (t) => {
  const folder = t.testdir();
  const killed = new Scene(folder);
  await killed.begin(5);
  killed.session.take('word.exe');
  await killed.at(6);

  const scene = new Scene(folder);
  scene.down('alpha');
  await scene.begin(20);
  scene.manner.set('alpha', 'up');
  await scene.at(31);
  t.same(scene.log, ['0 alpha refused', '15 alpha refused', '30 alpha hello', '30 alpha release']);
});

t.test('two runs of one program on one lease: it goes back with the last', async (t) => {
  const scene = new Scene(t.testdir());
  await scene.begin(5);
  const first = scene.session.take('word.exe');
  const second = scene.session.take('word.exe');
  await scene.at(6);
  scene.session.giveBack(first);
  await scene.at(7);
  scene.session.giveBack(second);
  await scene.at(8);
  t.same(scene.log.slice(3), ['7 alpha release']);
});

t.test('three servers: after the second comes the third, then the first again', async (t) => {
  const scene = new Scene(t.testdir(), NO_BUGS, ['alpha', 'bravo', 'charlie']);
  await scene.begin(5);
  scene.session.take('word.exe');
  await scene.at(10);
  scene.down('alpha');
  await scene.at(50);
  scene.down('bravo');
  await scene.at(81);
  const bravoOn = scene.log.filter((line) => !line.includes('alpha'));
  t.same(bravoOn, [
    '40 bravo hello',
    '40 bravo request-use word.exe',
    '50 bravo refused',
    '65 bravo refused',
    '80 bravo refused',
    '80 charlie hello',
    '80 charlie request-use word.exe',
  ]);
});

t.test(
  'who was denied a seat is called back, asks once, and is metered from then on',
  async (t) => {
    const scene = new Scene(t.testdir());
    scene.manner.set('alpha', 'denies');
    await scene.begin();
    const seat = scene.session.take('word.exe');
    await scene.at(10);
    t.equal(seat.isMetered, false);
    scene.manner.set('alpha', 'up');
    scene.push.get('alpha')!({ type: 'callback', program: 'WORD.exe', graceMs: 300_000 });
    await scene.at(11);
    t.match(seat, { isMetered: true, grantedAt: { elapsedMs: 10 * MINUTE_MS } });
    scene.push.get('alpha')!({ type: 'callback', program: 'word.exe', graceMs: 300_000 });
    await scene.at(12);
    t.same(scene.log, [
      '0 alpha hello',
      '0 alpha request-use word.exe',
      '0 alpha request-callback word.exe',
      '10 alpha request-use word.exe',
    ]);
  },
);

t.test('a callback for a run that is over, or denied again, is asked no more', async (t) => {
  const scene = new Scene(t.testdir());
  scene.manner.set('alpha', 'denies');
  await scene.begin();
  const over = scene.session.take('over.exe');
  scene.session.take('word.exe');
  await scene.at(1);
  scene.session.giveBack(over);
  for (const program of ['over.exe', 'word.exe', 'word.exe'])
    scene.push.get('alpha')!({ type: 'callback', program, graceMs: 300_000 });
  await scene.at(2);
  t.same(scene.log.slice(5), ['1 alpha request-use word.exe']);
});

t.test(
  'a checked-out licence needs no question, over a restart too, until its time is over',
  async (t) => {
    const folder = t.testdir();
    const scene = new Scene(folder);
    await scene.begin();
    scene.session.checkOut('word.exe', 120 * MINUTE_MS);
    await scene.at(1);
    scene.session.giveBack(scene.session.take('Word.exe'));
    await scene.at(2);
    t.same(scene.log, ['0 alpha hello', '0 alpha check-out word.exe']);

    const again = new Scene(folder);
    await again.begin(60);
    again.session.take('word.exe');
    await again.at(61);
    t.same(again.log, ['0 alpha hello']);
    await again.at(121);
    again.session.take('word.exe');
    await again.at(122);
    t.same(again.log.slice(1), ['121 alpha request-use word.exe']);
  },
);

t.test(
  'a run whose licence is checked out meanwhile releases nothing; check-in gives it back',
  async (t) => {
    const scene = new Scene(t.testdir());
    await scene.begin();
    scene.manner.set('alpha', 'denies');
    scene.session.checkOut('none.exe', MINUTE_MS);
    await scene.at(1);
    scene.manner.set('alpha', 'up');
    scene.session.checkOut('word.exe', 120 * MINUTE_MS);
    await scene.at(2);
    t.throws(() => scene.session.checkIn('none.exe'), { message: 'none.exe is not checked out' });
    scene.down('alpha');
    scene.session.checkIn('WORD.EXE');
    await scene.at(3);
    scene.manner.set('alpha', 'up');
    await scene.at(40);
    t.same(
      scene.log.filter((line) => line.includes('check')),
      ['0 alpha check-out none.exe', '1 alpha check-out word.exe', '17 alpha check-in'],
    );
  },
);
