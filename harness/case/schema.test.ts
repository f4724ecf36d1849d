import t from 'tap';
import { WIRE_FAULTS as MAKERS } from '../shim/faults/index.ts';
import { WIRE_FAULTS } from './faults.ts';
import { caseJsonSchema } from './schema.ts';

t.test('the schema for editors describes every field and allows no other', (t) => {
  const schema = caseJsonSchema();
  t.match(schema, {
    type: 'object',
    additionalProperties: false,
    required: ['title', 'source', 'servers', 'play'],
  });
  for (const [name, field] of Object.entries(schema.properties!))
    t.ok(typeof field === 'object' && field.description, `${name} is described`);
  t.match(JSON.stringify(schema.properties!['client']), '"default":"240m"');
  t.end();
});

t.test(
  'every wire fault that a case may name is one that the shim can play, and the other way round',
  (t) => {
    t.same(WIRE_FAULTS.map(({ name }) => name).toSorted(), Object.keys(MAKERS).toSorted());
    const value = { duration: '20s', count: '20', positive: '20' };
    const gone = { reset: 'reset', vanished: 'vanish', kept: undefined };
    for (const { name, args, established, listening } of WIRE_FAULTS) {
      const given = args.map(({ name: arg, kind }) => [
        arg,
        typeof kind === 'string' ? value[kind] : kind[0]!,
      ]);
      const fault = MAKERS[name]!(Object.fromEntries(given) as Record<string, string>);
      t.equal(fault.established, gone[established], `${name} and connections`);
      t.equal(fault.listening, listening, `${name} and attempts`);
    }
    t.end();
  },
);
