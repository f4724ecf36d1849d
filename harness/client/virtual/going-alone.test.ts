// Between two things that happen to it, a process whose timers do nothing that anybody sees moves its clock by itself.
import t from 'tap';
import { DAY, HOUR, MINUTE } from '../../clock/clock.ts';
import { playNode } from './node-world.fixture.ts';

t.test('a day of minutes costs few words, and what is said has its time', async (t) => {
  const { lines, error, grants, end } = await playNode({
    program: `
      let minutes = 0;
      const timer = setInterval(() => {
        if (++minutes % 600 === 0) console.log(minutes);
        if (minutes === 1440) clearInterval(timer);
      }, 60_000);
    `,
  });
  t.equal(error, undefined);
  t.same(lines, ['10h 600', '20h 1200', '1d exit 0']);
  t.equal(end, DAY);
  t.ok(grants < 50, `${grants} grants`);
});

t.test('it goes no further than what is about to happen', async (t) => {
  const { lines } = await playNode({
    program: `
      let minutes = 0;
      setInterval(() => minutes++, 60_000);
      process.on('SIGTERM', () => { console.log(minutes); process.exit(3); });
    `,
    play: ({ clock, client }) =>
      void clock.at(HOUR + 30n * 1_000_000_000n, () => client.terminate()),
  });
  t.same(lines, ['1h30s 60', '1h30s exit 3']);
});

t.test('what it writes, dials or asks for is told at once', async (t) => {
  const { lines, stdout } = await playNode({
    program: `
      import fs from 'node:fs';
      import net from 'node:net';
      setTimeout(() => fs.writeFileSync('made', 'x'), 60_000);
      setTimeout(() => console.log(fs.statSync('made').mtimeMs - Date.now()), 120_000);
      setTimeout(() => net.connect(5001, '127.77.1.1').on('error', ({ code }) => console.log(code)), 180_000);
      setTimeout(() => fs.writeSync(2, 'to stderr'), 240_000);
      setTimeout(() => process.exit(), 300_000);
    `,
  });
  t.match(stdout, /^-60000\nECONNREFUSED\n$/);
  t.match(lines[1], /^3m2ms ECONNREFUSED$/);
  t.equal(lines.at(-1), '5m exit 0');
});

for (const [how, signal] of [
  ["process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
  ['process.abort()', 'SIGABRT'],
] as const)
  t.test(`one that dies by ${how} dies when it does`, async (t) => {
    const { lines, end } = await playNode({
      program: `
        let minutes = 0;
        setInterval(() => { if (++minutes === 10) ${how}; }, 60_000);
      `,
    });
    t.same(lines, [`10m exit ${signal}`]);
    t.equal(end, 10n * MINUTE);
  });

t.test('one that never rests from its timers is heard of, and is not stalled', async (t) => {
  const { error, lines } = await playNode({
    program: `setInterval(() => {}, 1); setTimeout(() => process.exit(4), 60_000);`,
    stallMs: 20_000,
  });
  t.equal(error, undefined);
  t.same(lines, ['1m exit 4']);
});
