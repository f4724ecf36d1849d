import t from 'tap';
import { collect, formatProblem, type Problem, quote, Refusal } from './errors.ts';
import { nearest, suggest } from './nearest.ts';

const position = { file: 'a.yaml', line: 3, column: 7 };

t.test('a problem is printed with its place, what is wrong and what would be right', (t) => {
  t.equal(formatProblem({ position, what: 'wrong', right: 'do so' }), 'a.yaml:3:7: wrong — do so');
  t.end();
});

t.test('a refusal is collected; any other error is our own and goes on', (t) => {
  const problems: Problem[] = [];
  t.equal(
    collect(problems, () => 5),
    5,
  );
  t.equal(
    collect(problems, () => {
      throw new Refusal(position, 'wrong', 'do so');
    }),
    undefined,
  );
  t.same(problems, [{ position, what: 'wrong', right: 'do so' }]);
  t.throws(() => collect(problems, () => JSON.parse('{') as unknown), SyntaxError);
  t.end();
});

t.test('foreign text is shown escaped and never long', (t) => {
  t.equal(quote('a\u001b[31m"'), '"a\\u001b[31m\\""');
  t.ok(quote('x'.repeat(10_000)).length < 80);
  t.end();
});

t.test('an unknown word is answered with the nearest one, or with those that are known', (t) => {
  const known = ['refuse', 'reset', 'reset-after-request', 'hang'];
  t.equal(nearest('refsue', known), 'refuse', 'two letters swapped');
  t.equal(nearest('REFUSE', known), 'refuse');
  t.equal(nearest('hnag', known), 'hang');
  t.equal(nearest('zzz', known), undefined);
  t.equal(nearest('r'.repeat(1000), known), undefined);
  t.equal(suggest('rset', known, 'faults'), 'did you mean "reset"?');
  t.equal(
    suggest('zzz', known, 'faults'),
    'known faults: refuse, reset, reset-after-request, hang',
  );
  t.equal(suggest('zzz', [], 'faults'), 'no faults are known here');
  t.end();
});
