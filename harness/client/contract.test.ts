import fc from 'fast-check';
import t from 'tap';
import {
  type ClientWord,
  ContractReader,
  encodeCommand,
  MAX_LINE_BYTES,
  MAX_LINES,
  parseLine,
} from './contract.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function whyOf(line: string): string | undefined {
  const word = parseLine(bytes(line));
  return word.kind === 'violation' ? word.why : undefined;
}

t.test('a command is one line of JSON', (t) => {
  t.equal(
    encodeCommand({ id: 1, name: 'start-program', program: 'word.exe' }),
    '{"id":1,"command":"start-program","program":"word.exe"}\n',
  );
  t.equal(encodeCommand({ id: 3, name: 'shutdown' }), '{"id":3,"command":"shutdown"}\n');
  t.end();
});

t.test('answers and events are read', (t) => {
  t.same(parseLine(bytes('{"id":1,"result":"ok"}')), { kind: 'answer', id: 1, result: 'ok' });
  t.same(parseLine(bytes('{"id":2,"result":"error","why":"it does not run"}')), {
    kind: 'answer',
    id: 2,
    result: 'error',
    why: 'it does not run',
  });
  t.same(parseLine(bytes('{"event":"granted","server":"alpha","n":1,"first":true}\r')), {
    kind: 'said',
    event: 'granted',
    fields: { server: 'alpha', n: 1, first: true },
  });
  t.end();
});

t.test('every other line is a violation that says why', (t) => {
  t.equal(whyOf('hello'), 'not JSON');
  t.equal(whyOf(''), 'not JSON');
  t.equal(whyOf('[1]'), 'not a JSON object');
  t.equal(whyOf('null'), 'not a JSON object');
  t.match(whyOf('{"ok":true}'), /neither an answer .* nor an event/);
  t.match(whyOf('{"id":"1","result":"ok"}'), /"id" is not a whole number/);
  t.match(whyOf('{"id":1.5,"result":"ok"}'), /"id" is not a whole number/);
  t.match(whyOf('{"id":1,"result":"done"}'), /"result" is not one of ok, unsupported, error/);
  t.match(whyOf('{"id":1,"result":"error","why":7}'), /"why" is not a string/);
  t.match(whyOf('{"event":"Bad Word"}'), /"event" is not a word/);
  t.match(whyOf('{"event":"x","deep":{}}'), /field "deep"/);
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`f${index}`, 1]));
  t.match(whyOf(JSON.stringify({ event: 'x', ...many })), /more than 32 fields/);
  const notText = parseLine(Uint8Array.of(0x22, 0xff, 0x22));
  t.match(notText, { kind: 'violation', why: 'not UTF-8' });
  t.end();
});

t.test('a hostile key or a control character does no harm', (t) => {
  const word = parseLine(bytes('{"event":"x","__proto__":"y"}'));
  t.equal(word.kind === 'said' && Object.hasOwn(word.fields, '__proto__'), true);
  t.match(parseLine(bytes('\u001b[2J')), { line: '?[2J' });
  t.end();
});

t.test('each command is answered once', (t) => {
  const reader = new ContractReader();
  reader.commandSent(1);
  reader.commandSent(2);
  t.same(reader.unanswered, [1, 2]);
  const answer = bytes('{"id":1,"result":"ok"}\n');
  t.match(reader.push(answer), [{ kind: 'answer', id: 1 }]);
  t.same(reader.unanswered, [2]);
  t.match(reader.push(answer), [{ kind: 'violation', why: 'command 1 answered twice' }]);
  t.match(reader.push(bytes('{"id":9,"result":"ok"}\n')), [
    { kind: 'violation', why: 'an answer to command 9, which was never given' },
  ]);
  t.end();
});

t.test('any chunking gives the same words', (t) => {
  const text =
    '{"id":1,"result":"ok"}\n{"event":"größe","x":1}\n{"event":"size","text":"größe ✓"}\nrubbish\n\n{"id":2,"result":"unsupported"}\n';
  const whole = bytes(text);
  const read = (chunks: readonly Uint8Array[]): ClientWord[] => {
    const reader = new ContractReader();
    reader.commandSent(1);
    reader.commandSent(2);
    return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()];
  };
  const expected = read([whole]);
  t.same(
    expected.map(({ kind }) => kind),
    ['answer', 'violation', 'said', 'violation', 'violation', 'answer'],
  );
  t.same(read([...whole].map((byte) => Uint8Array.of(byte))), expected, 'byte by byte');
  for (let at = 1; at < whole.length; at++) {
    const split = read([whole.subarray(0, at), whole.subarray(at)]);
    if (JSON.stringify(split) !== JSON.stringify(expected)) t.fail(`split at ${at}`);
  }
  t.end();
});

t.test('whatever bytes come, the reader lives and says something of each line', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (chunks) => {
      const reader = new ContractReader();
      const words = chunks.flatMap((chunk) => reader.push(chunk));
      const lines = chunks.flatMap((chunk) => [...chunk]).filter((byte) => byte === 10).length;
      return words.length === lines && reader.end().length <= 1;
    }),
  );
  t.pass('for any chunks');
  t.end();
});

t.test('a line without an end is refused at its bound, and the next one is read', (t) => {
  const reader = new ContractReader();
  reader.commandSent(1);
  const most = Buffer.alloc(MAX_LINE_BYTES, 0x20);
  t.same(reader.push(most), []);
  t.match(reader.push(bytes('x')), [{ kind: 'violation', why: /longer than 65536 bytes/ }]);
  t.same(reader.push(most), [], 'said once');
  t.match(reader.push(bytes('\n{"id":1,"result":"ok"}\n')), [{ kind: 'answer' }]);
  t.end();
});

t.test('a rest without a newline at the end is a violation', (t) => {
  const reader = new ContractReader();
  reader.push(bytes('{"id":1'));
  t.match(reader.end(), [{ why: 'the last line has no newline', line: '{"id":1' }]);
  t.same(new ContractReader().end(), []);
  t.end();
});

t.test('a flood is told once and not read on', (t) => {
  const lines = new ContractReader();
  const words = lines.push(bytes('{"event":"x"}\n'.repeat(MAX_LINES + 5)));
  t.equal(words.length, MAX_LINES + 1);
  t.match(words.at(-1), { kind: 'violation', why: /more than 100000 lines/ });
  t.same(lines.push(bytes('{"event":"x"}\n')), []);
  t.same(lines.end(), []);
  t.end();
});
