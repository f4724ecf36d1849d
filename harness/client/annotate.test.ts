import t from 'tap';
import { type Annotation, Annotator, MAX_LINE } from './annotate.ts';

const GRANT: Annotation = {
  from: 'stderr',
  pattern: String.raw`granted lease (?<lease>\S+) by (?<server>\S+)`,
  event: 'lease-grant',
  fields: { program: 'word.exe' },
};

t.test('lines become events, whatever the pieces in which they come', (t) => {
  const text = 'hello\ngranted lease 7 by alpha\r\ngranted lease größe by bravo\nlast';
  const bytes = Buffer.from(text);
  for (let split = 0; split <= bytes.length; split++) {
    const annotator = new Annotator('stderr', [GRANT]);
    const told = [
      ...annotator.push(bytes.subarray(0, split)),
      ...annotator.push(bytes.subarray(split)),
      ...annotator.end(),
    ];
    t.same(told, [
      {
        server: 'alpha',
        event: 'lease-grant',
        fields: { program: 'word.exe', lease: 7, 'told-by': 'stderr:2' },
      },
      {
        server: 'bravo',
        event: 'lease-grant',
        fields: { program: 'word.exe', lease: 'größe', 'told-by': 'stderr:3' },
      },
    ]);
  }
  t.end();
});

t.test('other streams are not looked at, and a server may be fixed', (t) => {
  t.same(new Annotator('stdout', [GRANT]).push(Buffer.from('granted lease 7 by alpha\n')), []);
  const fixed = { ...GRANT, pattern: '^granted$', server: 'bravo' };
  t.equal(new Annotator('stderr', [fixed]).push(Buffer.from('granted\n'))[0]!.server, 'bravo');
  t.end();
});

t.test('a line without an end is bounded, and the next one is whole again', (t) => {
  const annotator = new Annotator('stderr', [{ ...GRANT, pattern: '^x*(?<server>y?)$' }]);
  for (let chunk = 0; chunk < 100; chunk++) annotator.push(Buffer.alloc(100_000, 'x'));
  t.equal(annotator.push(Buffer.from('y\n')).length, 1, `its first ${MAX_LINE} characters match`);
  t.equal(annotator.push(Buffer.from('xy\n'))[0]!.server, 'y');
  t.end();
});

t.test('a pattern that never ends is an error that says so', (t) => {
  const annotator = new Annotator('stderr', [{ ...GRANT, pattern: '^(a+)+$' }]);
  t.throws(
    () => annotator.push(Buffer.from(`${'a'.repeat(60)}!\n`)),
    /more than 1000 ms.*back and forth/,
  );
  t.end();
});
