// A connection in the virtual network behaves as one of `net` does, as far as a relay can tell.
import t from 'tap';
import { MILLISECOND, SECOND } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { Wire, WireListener } from './transport.ts';
import { VirtualNetwork } from './transport-virtual.ts';
import { VirtualSocket } from './upstream-virtual.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

async function setUp(state: 'open' | 'refuse', heard: Partial<WireListener> = {}) {
  const clock = new VirtualClock(0);
  const network = new VirtualNetwork(clock);
  const lines: string[] = [];
  const note = (text: string) => void lines.push(`${clock.now() / MILLISECOND} ${text}`);
  let wire: Wire | undefined;
  const endpoint = { server: '', face: '', client: '', address: '127.0.0.1', port: 4000 };
  await network.listen(endpoint, state, {
    attempted() {},
    accept(accepted) {
      wire = accepted;
      accepted.resume();
      return {
        data: (bytes) => note(`< ${bytes.toString()}`),
        end: () => note('< end'),
        reset: () => note('< reset'),
        ...heard,
      };
    },
  });
  const socket = new VirtualSocket(network, '127.0.0.1', 4000);
  for (const event of ['connect', 'end', 'finish', 'close'] as const)
    socket.on(event, () => note(event));
  socket.on('data', (bytes: Buffer) => note(`> ${bytes.toString()}`));
  socket.on('error', (error: NodeJS.ErrnoException) => note(error.code ?? error.message));
  const until = async (end: bigint) => {
    clock.at(end, () => {});
    for (let next = clock.next(); next !== undefined && next <= end; next = clock.next()) {
      await tick();
      clock.advanceTo(next);
      await tick();
    }
  };
  await tick();
  return { socket, lines, until, wire: () => wire! };
}

t.test('what is written before it stands follows the connection, and both ends end', async (t) => {
  const { socket, lines, until, wire } = await setUp('open');
  socket.end('hello');
  await until(10n * MILLISECOND);
  wire().write(Buffer.from('bye'), () => {});
  wire().end();
  await until(SECOND);
  t.same(lines, [
    '2 connect',
    '2 finish',
    '3 < hello',
    '3 < end',
    '11 > bye',
    '11 end',
    '11 close',
  ]);
});

t.test('a refusal is an error of the connection, which was none', async (t) => {
  const { lines, until } = await setUp('refuse');
  await until(SECOND);
  t.same(lines, ['2 ECONNREFUSED', '2 close']);
});

t.test('a reset, from either side', async (t) => {
  const theirs = await setUp('open');
  await theirs.until(5n * MILLISECOND);
  theirs.wire().reset();
  await theirs.until(SECOND);
  t.same(theirs.lines, ['2 connect', '6 ECONNRESET', '6 close']);
  const ours = await setUp('open');
  await ours.until(5n * MILLISECOND);
  ours.socket.resetAndDestroy();
  await ours.until(SECOND);
  t.same(ours.lines, ['2 connect', '5 close', '6 < reset']);
});

t.test('one that is destroyed once it has said all says all', async (t) => {
  const { socket, lines, until } = await setUp('open');
  socket.write('all');
  socket.destroySoon();
  await until(SECOND);
  t.same(lines, ['2 connect', '2 finish', '2 close', '3 < all', '3 < end']);
});
