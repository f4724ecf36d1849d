import t from 'tap';
import { splitWords } from './words.ts';

t.test('a command line is split as a shell does it, and nothing is expanded', (t) => {
  t.same(splitWords('python3 my-client.py --config {config}'), [
    'python3',
    'my-client.py',
    '--config',
    '{config}',
  ]);
  t.same(splitWords(`a "b c" 'd "e' f\\ g h"i"'j'`), ['a', 'b c', 'd "e', 'f g', 'hij']);
  t.same(splitWords(`"" '' x`), ['', '', 'x']);
  t.same(splitWords(`"a\\"b\\\\c\\n" '\\'`), ['a"b\\c\\n', '\\']);
  t.same(splitWords('$HOME *.js `id`'), ['$HOME', '*.js', '`id`']);
  t.same(splitWords('  \t '), []);
  t.end();
});

t.test('a quote or a backslash without its end is an error', (t) => {
  t.throws(() => splitWords('a "b'), /quote " is not closed/);
  t.throws(() => splitWords("a 'b"), /quote ' is not closed/);
  t.throws(() => splitWords('a\\'), /last backslash/);
  t.end();
});
