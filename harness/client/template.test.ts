import t from 'tap';
import { expandTemplate, TemplateError, templatesIn } from './template.ts';

const VALUES = new Map([
  ['data', '/d'],
  ['server.alpha.pipe', '127.1.1.1:5480'],
]);

t.test('templates are replaced, other braces are left alone', (t) => {
  t.equal(expandTemplate('--spool={data}/{data}', VALUES), '--spool=/d//d');
  t.equal(expandTemplate('{server.alpha.pipe}', VALUES), '127.1.1.1:5480');
  t.equal(
    expandTemplate('{} {1} ${data} {"a":1} { data }', VALUES),
    '{} {1} ${data} {"a":1} { data }',
  );
  t.same(templatesIn('a {b} ${c} {server.x.pipe}'), ['b', 'server.x.pipe']);
  t.end();
});

t.test('a value is never expanded again', (t) => {
  t.equal(expandTemplate('{data}', new Map([['data', '{data}$&']])), '{data}$&');
  t.end();
});

t.test('a template without a value is an error that names those that have one', (t) => {
  t.throws(() => expandTemplate('{server.bravo.pipe}', VALUES), TemplateError);
  t.throws(() => expandTemplate('{date}', VALUES), /\{date\} .*there are \{data\} \{server\.alpha/);
  t.end();
});
