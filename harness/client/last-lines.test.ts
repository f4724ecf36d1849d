import t from 'tap';
import { lastLines } from './last-lines.ts';

t.test('the last lines of a crash begin with its message, not in the middle of its stack', (t) => {
  const frames = Array.from({ length: 12 }, (_, n) => `    at step${n} (file.mjs:${n}:1)\n`).join(
    '',
  );
  const crash = `up\n\nError: no such file: list.txt\n${frames} {\n  code: 'ENOENT'\n}\n\nNode.js v20\n`;
  t.same(lastLines(crash, 8), [
    'up',
    'Error: no such file: list.txt',
    '    at step0 (file.mjs:0:1)',
    '    at step1 (file.mjs:1:1)',
    ' {',
    "  code: 'ENOENT'",
    '}',
    'Node.js v20',
  ]);
  t.same(lastLines('a\nb\nc\n', 2), ['b', 'c']);
  t.same(lastLines('', 8), []);
  t.end();
});
