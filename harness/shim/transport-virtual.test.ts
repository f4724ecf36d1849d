import t from 'tap';
import { MILLISECOND, SECOND } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { Acceptor, WireListener } from './transport.ts';
import { VirtualNetwork, type Peer } from './transport-virtual.ts';

const quiet: Peer = { connected() {}, failed() {}, data() {}, end() {}, reset() {} };
const deaf: WireListener = { data() {}, end() {}, reset() {} };
const endpoint = { server: 'alpha', face: 'pipe', client: 'c', address: '127.77.1.1', port: 7230 };

function stage(state: 'open' | 'refuse' | 'black-hole', acceptor: Partial<Acceptor> = {}) {
  const clock = new VirtualClock(0);
  const network = new VirtualNetwork(clock);
  const whole: Acceptor = { accept: () => deaf, attempted() {}, ...acceptor };
  const run = () => {
    for (let next = clock.next(); next !== undefined; next = clock.next()) clock.advanceTo(next);
  };
  return { clock, network, run, listener: network.listen(endpoint, state, whole) };
}

t.test('a black hole is one attempt, and ends at the next SYN after it is lifted', async (t) => {
  const attempts: string[] = [];
  const { clock, network, run, listener } = stage('black-hole', {
    attempted: (outcome) => attempts.push(outcome),
  });
  const opened = await listener;
  let connectedAt: bigint | undefined;
  network.dial('127.77.1.1', 7230, { ...quiet, connected: () => (connectedAt = clock.now()) });
  clock.at(4n * SECOND, () => void opened.set('open'));
  run();
  t.same(attempts, ['unanswered']);
  t.equal(connectedAt, 7n * SECOND + 2n * MILLISECOND, 'SYNs leave after 0, 1, 3, 7 … seconds');
});

t.test('a SYN that nobody answers is given up after 127 seconds', async (t) => {
  const { clock, network, run, listener } = stage('black-hole');
  await listener;
  let failed: [string, bigint] | undefined;
  network.dial('127.77.1.1', 7230, { ...quiet, failed: (code) => (failed = [code, clock.now()]) });
  run();
  t.same(failed, ['ETIMEDOUT', 127n * SECOND]);
});

t.test(
  'a socket that is closed before its SYN arrives was still an attempt, and sends no other',
  async (t) => {
    const attempts: string[] = [];
    const { network, run, listener } = stage('black-hole', {
      attempted: (outcome) => attempts.push(outcome),
    });
    await listener;
    network
      .dial('127.77.1.1', 7230, { ...quiet, failed: () => t.fail('nobody listens any more') })
      .close();
    run();
    t.same(attempts, ['unanswered']);
  },
);

t.test('an address that nobody has refuses', (t) => {
  const { network, run } = stage('open');
  const seen: string[] = [];
  network.dial('127.0.0.1', 80, { ...quiet, failed: (code) => seen.push(code) });
  run();
  t.same(seen, ['ECONNREFUSED']);
  t.end();
});

t.test('bytes wait until the server reads, in order, and the FIN comes behind them', async (t) => {
  const got: string[] = [];
  let resume = () => {};
  const { network, run, listener } = stage('open', {
    accept: (wire) => {
      resume = () => wire.resume();
      return {
        data: (bytes) => got.push(bytes.toString()),
        end: () => got.push('end'),
        reset: () => got.push('reset'),
      };
    },
  });
  await listener;
  const socket = network.dial('127.77.1.1', 7230, quiet);
  run();
  socket.write(Buffer.from('one'));
  socket.write(Buffer.from('two'));
  socket.close();
  run();
  t.same(got, []);
  resume();
  t.same(got, ['one', 'two', 'end']);
});

t.test('what was under way when the server resets is lost', async (t) => {
  const seen: string[] = [];
  const { network, run, listener } = stage('open', {
    accept: (wire) => {
      wire.resume();
      return { ...deaf, data: () => wire.reset(), end: () => t.fail('reset') };
    },
  });
  await listener;
  const socket = network.dial('127.77.1.1', 7230, {
    ...quiet,
    connected: () => seen.push('connected'),
    reset: () => seen.push('reset'),
  });
  run();
  socket.write(Buffer.from('x'));
  socket.end();
  run();
  t.same(seen, ['connected', 'reset']);
});

t.test('::1 is an address of its own, and who listens on :: is found at both', async (t) => {
  const { network, run } = stage('open');
  const acceptor: Acceptor = { accept: () => deaf, attempted() {} };
  const heard: string[] = [];
  const dial = (address: string, port: number) =>
    network.dial(address, port, {
      ...quiet,
      connected: () => heard.push(`${address} ${port}`),
      failed: (code) => heard.push(`${address} ${port} ${code}`),
    });
  const at = (address: string, port: number) => ({ ...endpoint, address, port });
  await network.listen(at('::1', 7231), 'open', acceptor);
  const both = await network.listen(at('::', 4000), 'open', acceptor);
  t.ok(network.isOpen('127.0.0.1', 4000) && network.isOpen('::1', 4000));
  await t.rejects(network.listen(at('127.0.0.1', 4000), 'open', acceptor), /bound twice/);
  dial('0:0:0:0:0:0:0:1', 7231);
  dial('127.0.0.1', 7231);
  dial('::1', 4000);
  dial('::ffff:127.0.0.1', 4000);
  run();
  t.same(heard.toSorted(), [
    '0:0:0:0:0:0:0:1 7231',
    '127.0.0.1 7231 ECONNREFUSED',
    '::1 4000',
    '::ffff:127.0.0.1 4000',
  ]);
  await both.close();
  t.notOk(network.isOpen('::1', 4000));
});

t.test('whose network it is hears of its attempts where nobody is, and of no others', async (t) => {
  const { network, listener, run } = stage('refuse');
  await listener;
  const strays: string[] = [];
  const own = network.usedBy((address, port) => strays.push(`${address} ${port}`));
  own.dial('127.77.1.1', 7230, quiet);
  own.dial('127.77.1.1', 7231, quiet);
  own.dial('0::1', 7230, quiet);
  network.dial('127.77.9.9', 7230, quiet);
  run();
  t.same(strays, ['127.77.1.1 7231', '::1 7230']);
});
