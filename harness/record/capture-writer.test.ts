import { constantFrom, array, assert, bigInt, property, string } from 'fast-check';
import t from 'tap';
import { formatDuration } from '../clock/duration.ts';
import { eventLine } from '../trace/file.ts';
import { lineOf, timeText } from './capture-writer.ts';

t.test('a line is what a trace file would have', (t) => {
  const texts = constantFrom('alpha', '"', '\\', 'a b', 'ü', '\u2028', '\n', '');
  assert(
    property(
      texts,
      string(),
      array(constantFrom<string | number | boolean>('x"', 1, -0.5, true)),
      (word, other, values) => {
        const fields = Object.fromEntries(values.map((value, index) => [`${word}${index}`, value]));
        const raw = Buffer.from(other);
        const usage = [{ record: word, program: other, startMs: 1, stopMs: 2 }];
        const all = { actor: word, face: word, event: other, from: other, conn: 7, fields, usage };
        const { face: _face, from: _from, conn: _conn, usage: _usage, ...few } = all;
        const at = 5n;
        t.equal(
          lineOf({ ...all, raw }, '5ns'),
          `${eventLine({ ...all, at, bytes: raw.toString('base64') })}\n`,
        );
        t.equal(lineOf(few, '5ns'), `${eventLine({ ...few, at })}\n`);
      },
    ),
    { numRuns: 100 },
  );
  t.end();
});

t.test('a time is what a trace file would have', (t) => {
  const time = bigInt({ min: 0n, max: 20_000_000_000_000_000n });
  assert(
    property(time, (at) => t.equal(timeText(at), formatDuration(at))),
    { numRuns: 300 },
  );
  for (const at of [0n, 1n, 999n, 1000n, 86_400_000_000_000n, 9_007_199_254_740_991n])
    t.equal(timeText(at), formatDuration(at));
  t.end();
});
