// Licences that leave the network, clients that wait for one, and what a case does to the state of a server.
import t from 'tap';
import type { ServerCommand } from '../../emulator.ts';
import { encode, FrameDecoder, type Message, type MessageOf } from '../codec/index.ts';
import { FakeClient, FakeHost, HELLO, requestUse, SETUP } from '../fake-host.fixture.ts';
import { metering } from '../index.ts';

const HOUR_MS = 3_600_000;
const WORD = { program: 'word.exe', originalName: '', version: '' };
const CHECK_OUT: Message = { type: 'check-out', ...WORD, durationMs: 72 * HOUR_MS };
const CALL_ME: Message = { type: 'request-callback', ...WORD };

function start(setup: Partial<typeof SETUP> & { excludedPrograms?: number } = {}) {
  const host = new FakeHost();
  const emulator = metering.create(host, { ...SETUP, ...setup });
  const connect = async (client = 'ws1') => {
    const connection = new FakeClient(emulator, host, 'pipe', client);
    await connection.ask({ ...HELLO, client } as MessageOf<'hello'>);
    return connection;
  };
  const told = () => host.notes.splice(0).filter((note) => !note.startsWith('hello'));
  const command = (what: ServerCommand) => emulator.command!(what);
  return { host, connect, told, command };
}

const pushed = async (client: FakeClient) => new FrameDecoder('server').push(await client.settle());

t.test(
  'a checked-out licence is not taken back from a silent client, until its time is over',
  async (t) => {
    const { host, connect, told } = start();
    const away = await connect();
    t.strictSame(await away.ask(CHECK_OUT), [
      { type: 'checked-out', lease: 'alpha-1', durationMs: 72 * HOUR_MS },
    ]);
    away.stream.end();
    const other = await connect('ws2');
    host.advance(48 * HOUR_MS);
    t.match(await other.ask(requestUse('word.exe')), [{ type: 'denied', why: 'no-seat' }]);
    host.advance(24 * HOUR_MS);
    t.match(await other.ask(requestUse('word.exe')), [{ type: 'granted' }]);
    t.strictSame(told().slice(0, 5), [
      'lease-checkout program=word.exe lease=alpha-1',
      'lease-request program=word.exe',
      'lease-deny program=word.exe why=no-seat',
      'lease-checkin lease=alpha-1 program=word.exe by=server from=ws1',
      'lease-request program=word.exe',
    ]);
  },
);

t.test('a licence that is in use is checked out as it is, and checked in once', async (t) => {
  const { host, connect, told } = start();
  const client = await connect();
  await client.ask(requestUse('word.exe'));
  const long: Message = { ...CHECK_OUT, durationMs: 1e12 };
  t.match(await client.ask(long), [{ lease: 'alpha-1', durationMs: 30 * 24 * HOUR_MS }]);
  const checkIn: Message = { type: 'check-in', lease: 'alpha-1' };
  t.match(await client.ask(checkIn, checkIn), [{ type: 'checked-in' }, { type: 'checked-in' }]);
  host.advance(31 * 24 * HOUR_MS);
  t.strictSame(told().slice(3), [
    'lease-checkin lease=alpha-1 program=word.exe by=client',
    'lease-checkin lease=alpha-1 program=word.exe by=client',
  ]);
  host.fault = { name: 'busy', args: {} };
  t.match(
    await client.ask(CHECK_OUT, checkIn, CALL_ME),
    Array.from({ length: 3 }, () => ({ type: 'busy' })),
  );
  host.fault = { name: 'deny', args: { why: 'no-permission' } };
  t.match(await client.ask(CHECK_OUT), [{ type: 'denied', why: 'no-permission' }]);
});

t.test(
  'who waits is called when a seat is free, and the seat is kept for the grace period',
  async (t) => {
    const { host, connect, told } = start();
    const [holder, waiting, late] = [
      await connect('ws1'),
      await connect('ws2'),
      await connect('ws3'),
    ];
    await holder.ask(requestUse('word.exe'));
    t.match(await waiting.ask(requestUse('word.exe'), CALL_ME), [
      { type: 'denied' },
      { type: 'callback-registered', durationMs: 8 * HOUR_MS },
    ]);
    await late.ask(CALL_ME);
    told();
    await holder.ask({ type: 'release', lease: 'alpha-1' });
    host.advance(0);
    t.strictSame(await pushed(waiting), [
      { requestId: 0, message: { type: 'callback', program: 'word.exe', graceMs: 300_000 } },
    ]);
    t.match(await holder.ask(requestUse('word.exe')), [{ type: 'denied' }], 'kept from others');
    t.strictSame(await pushed(late), []);
    t.match(await waiting.ask(requestUse('WORD.EXE')), [{ type: 'granted', lease: 'alpha-2' }]);
    await waiting.ask({ type: 'release', lease: 'alpha-2' });
    host.advance(0);
    t.equal((await pushed(late)).length, 1, 'the next one');
    host.advance(299_999);
    t.match(await holder.ask(requestUse('word.exe')), [{ type: 'denied' }]);
    host.advance(1);
    t.match(await holder.ask(requestUse('word.exe')), [{ type: 'granted' }], 'the grace is over');
    t.strictSame(
      told().filter((note) => note.startsWith('callback')),
      ['callback program=word.exe grace=300', 'callback program=word.exe grace=300'],
    );
  },
);

t.test('who has no connection is called once it is back, if it still waits', async (t) => {
  const { host, connect } = start();
  const [holder, waiting] = [await connect('ws1'), await connect('ws2')];
  await holder.ask(requestUse('word.exe'));
  await waiting.ask(CALL_ME);
  waiting.stream.end();
  await waiting.settle();
  await holder.ask({ type: 'release', lease: 'alpha-1' });
  host.advance(0);
  const back = await connect('ws2');
  host.advance(0);
  t.match(await pushed(back), [{ message: { type: 'callback' } }]);
  host.advance(300_000);
  await holder.ask(requestUse('word.exe'));
  await back.ask(CALL_ME);
  host.advance(8 * HOUR_MS);
  t.strictSame(await pushed(back), [], 'forgotten after its time');
  t.equal((await back.ask({ ...CALL_ME, program: 'game.exe' }))[0]?.type, 'denied');
});

t.test('a restart keeps the state or loses it; names of leases are not used again', async (t) => {
  const { host, connect, command } = start();
  await (await connect()).ask(requestUse('word.exe'), { ...CHECK_OUT, program: 'a.exe' });
  command({ kind: 'restart', state: 'kept' });
  const back = await connect();
  const status: Message = { type: 'live-status', leases: ['alpha-1', 'alpha-2'] };
  t.match(await back.ask(status), [{ leases: ['alpha-1', 'alpha-2'] }]);
  command({ kind: 'restart', state: 'lost' });
  t.equal(host.timers, 0);
  t.match(await back.ask(status, requestUse('word.exe')), [{ leases: [] }, { lease: 'alpha-3' }]);
});

t.test(
  'licences are taken away from the latest holders, not from who is away, and come back',
  async (t) => {
    const { connect, told, command } = start({ seats: {} });
    const [away, first, second] = [
      await connect('ws1'),
      await connect('ws2'),
      await connect('ws3'),
    ];
    await away.ask(CHECK_OUT);
    await first.ask(requestUse('word.exe'));
    await second.ask(requestUse('word.exe'));
    told();
    command({ kind: 'seats', program: 'Word.exe', seats: 2 });
    t.strictSame(told(), ['lease-reclaim lease=alpha-3 program=word.exe from=ws3']);
    t.match(await second.ask(requestUse('word.exe')), [{ why: 'no-seat' }]);
    command({ kind: 'seats', program: 'word.exe', seats: 0 });
    t.match(await away.ask({ type: 'live-status', leases: ['alpha-1'] }), [
      { leases: ['alpha-1'] },
    ]);
    command({ kind: 'seats', program: 'word.exe', seats: 2 });
    t.match(await second.ask(requestUse('word.exe')), [{ type: 'granted' }]);
  },
);

t.test('a configuration of megabytes comes in parts that are one text', async (t) => {
  const { connect, told } = start({ excludedPrograms: 105_000 });
  const client = await connect();
  const parts = new FrameDecoder('server')
    .push(await client.exchange(encode({ type: 'get-configuration' }, 9)))
    .map(({ requestId, message }) => {
      if (message.type !== 'configuration-part') throw new Error(message.type);
      return { requestId, ...message };
    });
  t.same(
    parts.map(({ requestId, part, parts: of }) => [requestId, part, of]),
    Array.from({ length: 14 }, (_, index) => [9, index + 1, 14]),
  );
  const text = parts.map((part) => part.text).join('');
  t.ok(text.length > 3_500_000);
  t.match(text, /\r\n\[ForbiddenPrograms\]\r\ngame\.exe=1\r\n\r\n\[ExcludedPrograms\]\r\n/);
  t.ok(text.endsWith('excluded-program-000105000.exe=1\r\n'));
  t.strictSame(told(), ['configuration version=3']);
});
