// Every way in which a Node program waits, and every clock that it can read.
import t from 'tap';
import { DAY, SECOND } from '../../clock/clock.ts';
import { EPOCH_MS } from '../scripted-world.fixture.ts';
import { playNode } from './node-world.fixture.ts';

/** Prints what came of each wait with the virtual milliseconds that it took. */
const MEASURE = `
const say = (name, from, what = '') => console.log(name, Date.now() - from, what);
const wait = async (name, action) => {
  const from = Date.now();
  let what;
  try { what = await action(); } catch (error) { what = error.code ?? error.name; }
  say(name, from, what ?? '');
};
`;

t.test('timers of every kind take the time that they say, and no other', async (t) => {
  const { stdout, error, exit, end } = await playNode({
    program: `${MEASURE}
      import { setTimeout as sleep, setImmediate as soon, setInterval as every, scheduler } from 'node:timers/promises';
      import { EventEmitter, once } from 'node:events';
      import { promisify } from 'node:util';
      const emitter = new EventEmitter();
      // A signal's own timer does not keep a program alive.
      const alive = setInterval(() => {}, 86_400_000);
      await wait('timeout', () => new Promise((done) => setTimeout(done, 3_600_000)));
      await wait('promise', () => sleep(1_500, 'value'));
      await wait('util', () => promisify(setTimeout)(250));
      await wait('immediate', () => soon('now'));
      await wait('scheduler', () => scheduler.wait(7_000));
      await wait('interval', async () => { let n = 0; for await (const _ of every(60_000)) if (++n === 5) return n; });
      await wait('refresh', () => new Promise((done) => {
        const timer = setTimeout(done, 100);
        setTimeout(() => timer.refresh(), 50);
      }));
      await wait('cleared', async () => { const timer = setTimeout(() => console.log('never'), 10); clearTimeout(timer); await sleep(20); });
      await wait('signal', () => sleep(5_000, null, { signal: AbortSignal.timeout(2_000) }));
      await wait('once', () => once(emitter, 'never', { signal: AbortSignal.timeout(30_000) }));
      await wait('once-heard', () => { setTimeout(() => emitter.emit('ping', 'pong'), 40); return once(emitter, 'ping'); });
      await wait('any', () => sleep(9_000, null, { signal: AbortSignal.any([AbortSignal.timeout(400), AbortSignal.timeout(800)]) }));
      await wait('atomics', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12_345));
      await wait('atomics-not', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 12_345));
      setTimeout(() => console.log('an unref timer'), 86_400_000).unref();
      setInterval(() => console.log('an unref interval'), 900).unref();
      await wait('long', () => sleep(2_000));
      clearInterval(alive);
    `,
  });
  t.equal(error, undefined);
  t.same(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim()),
    [
      'timeout 3600000',
      'promise 1500 value',
      'util 250',
      'immediate 0 now',
      'scheduler 7000',
      'interval 300000 5',
      'refresh 150',
      'cleared 20',
      'signal 2000 ABORT_ERR',
      'once 30000 ABORT_ERR',
      "once-heard 40 [ 'pong' ]",
      'any 400 ABORT_ERR',
      'atomics 12345 timed-out',
      'atomics-not 0 not-equal',
      'an unref interval',
      'an unref interval',
      'long 2000',
    ],
  );
  t.equal(exit?.code, 0);
  t.ok(end < 2n * 3_600n * SECOND, 'a timer without a reference keeps nothing alive');
});

t.test('all clocks agree', async (t) => {
  const { stdout, stderr } = await playNode({
    program: `
      import { performance } from 'node:perf_hooks';
      import { setTimeout as sleep } from 'node:timers/promises';
      import vm from 'node:vm';
      import os from 'node:os';
      const zero = { hr: process.hrtime(), big: process.hrtime.bigint(), up: process.uptime(), perf: performance.now(), os: os.uptime() };
      performance.mark('a');
      await sleep(90_061_001);
      performance.mark('b');
      const [s, ns] = process.hrtime(zero.hr);
      console.log(JSON.stringify({
        date: new Date().toISOString(), now: Date.now(), called: Date().slice(0, 24), subclass: new (class extends Date {})().getTime(),
        hr: s * 1e3 + ns / 1e6, big: String(process.hrtime.bigint() - zero.big), up: process.uptime() - zero.up,
        perf: performance.now() - zero.perf, same: performance === globalThis.performance,
        origin: performance.timeOrigin, measure: performance.measure('m', 'a', 'b').duration,
        open: performance.measure('n', 'a').duration, os: Math.round((os.uptime() - zero.os) * 1000),
        fixed: new Date(0).getTime(), is: new Date() instanceof Date, utc: Date.UTC(2000, 0), parse: Date.parse('2000-01-01T00:00:00Z'),
        vm: vm.runInNewContext('Date.now() > 4e12 || Date.now() > 0'), zone: new Date().getTimezoneOffset(),
      }));
    `,
  });
  t.equal(stderr, '');
  const passed = 90_061_001;
  t.match(JSON.parse(stdout) as object, {
    date: '2026-01-06T01:01:01.001Z',
    now: EPOCH_MS + passed,
    called: 'Tue Jan 06 2026 01:01:01',
    subclass: EPOCH_MS + passed,
    hr: passed,
    big: `${passed}000000`,
    up: passed / 1000,
    perf: passed,
    same: true,
    origin: EPOCH_MS,
    measure: passed,
    open: passed,
    os: passed,
    fixed: 0,
    is: true,
    utc: 946_684_800_000,
    parse: 946_684_800_000,
    zone: 0,
  });
});

t.test('a formatter, and Temporal where there is one, tell the time of the case', async (t) => {
  const { stdout, stderr } = await playNode({
    program: `
      setTimeout(() => {
        const formatter = new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' });
        console.log(formatter.format());
        console.log(formatter.formatToParts().map(({ value }) => value).join(''));
        console.log([0, 1e12].map(formatter.format).join(' '), formatter.format === formatter.format);
        const { Temporal } = globalThis;
        const { Now } = Temporal ?? {};
        console.log(Temporal ? [Now.instant(), Now.zonedDateTimeISO(), Now.plainDateTimeISO('Asia/Tokyo'), Now.plainDateISO(), Now.plainTimeISO()].join(' ') : 'none');
      }, 90_061_001);
    `,
  });
  t.equal(stderr, '');
  const [format, parts, dates, temporal] = stdout.trim().split('\n');
  t.equal(format, '06/01/2026, 01:01:01');
  t.equal(parts, format);
  t.equal(dates, '01/01/1970, 00:00:00 09/09/2001, 01:46:40 true');
  if (temporal !== 'none')
    t.equal(
      temporal,
      '2026-01-06T01:01:01.001Z 2026-01-06T01:01:01.001+00:00[UTC] 2026-01-06T10:01:01.001 2026-01-06 01:01:01.001',
    );
});

t.test('a loop that looks at the clock gets on, in the same way each time', async (t) => {
  const play = () =>
    playNode({
      program: `
        import net from 'node:net';
        const from = Date.now();
        let looks = 0;
        while (Date.now() - from < 5_000) looks++;
        console.log('spun', Date.now() - from, looks);
        net.connect(1000, '127.0.0.1').on('error', (error) => console.log(error.code, Date.now() - from));
      `,
      servers: [{ port: 1000, state: 'refuse' }],
    });
  const [first, second] = [await play(), await play()];
  t.match(first.stdout, /spun 5000 \d+\nECONNREFUSED 5002\n/);
  t.ok(first.lines.includes('5s1ms 1000 refused'), 'what follows the loop happens after it');
  t.same(second.lines, first.lines);
});

t.test('a year in a moment', async (t) => {
  const { end, exit } = await playNode({
    program:
      'let n = 0; const every = setInterval(() => { if (++n === 365) clearInterval(every) }, 86_400_000)',
  });
  t.equal(exit?.code, 0);
  t.equal(end, 365n * DAY);
});

t.test('a client that is killed at the moment of its start never begins', async (t) => {
  const { lines, error } = await playNode({
    program: "console.log('begun')",
    play: ({ client }) => client.kill(),
  });
  t.equal(error, undefined);
  t.same(lines, ['0s exit SIGKILL']);
});
