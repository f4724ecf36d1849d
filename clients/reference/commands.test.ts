import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { serveCommands } from './commands.ts';

/** What is answered to that input, and what was done. */
async function talk(input: string): Promise<{ answers: unknown[]; done: string[] }> {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const done: string[] = [];
  const meter = {
    start: (program: string) => void done.push(`start ${program}`),
    stop: (program: string) => {
      throw new Error(`${program} does not run`);
    },
  };
  serveCommands(stdin, stdout, meter, () => {
    done.push('shutdown');
    stdout.end();
  });
  stdin.end(input);
  const lines = (await text(stdout)).trimEnd().split('\n');
  return { answers: lines.filter(Boolean).map((line) => JSON.parse(line) as unknown), done };
}

t.test('every command is answered, what is unknown with unsupported', async (t) => {
  const { answers, done } = await talk(
    [
      '{"id":1,"command":"start-program","program":"word.exe"}',
      '{"id":2,"command":"fly-to-the-moon"}',
      '{"id":3,"command":"stop-program","program":"excel.exe"}',
      '{"id":4,"command":"start-program"}',
      `{"id":5,"command":"start-program","program":"${'x'.repeat(257)}"}`,
      '{"id":6,"command":"shutdown"}',
      '',
    ].join('\n'),
  );
  t.same(answers, [
    { id: 1, result: 'ok' },
    { id: 2, result: 'unsupported' },
    { id: 3, result: 'error', why: 'excel.exe does not run' },
    { id: 4, result: 'error', why: 'a program is missing' },
    { id: 5, result: 'error', why: 'its name is too long' },
    { id: 6, result: 'ok' },
  ]);
  t.same(done, ['start word.exe', 'shutdown']);
});

t.test('the end of the input means shutdown', async (t) => {
  const { answers, done } = await talk('');
  t.same({ answers, done }, { answers: [], done: ['shutdown'] });
});
