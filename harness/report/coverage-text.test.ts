import t from 'tap';
import { gridOf } from '../coverage/grid.ts';
import { DIALECT, traceOf } from '../coverage/trace.fixture.ts';
import { coverageJson, coverageText } from './coverage-text.ts';
import { palette } from './palette.ts';

const INFO = { client: 'reference', time: 'virtual', seed: 1, epoch: '2024-02-01T00:00:00.000Z' };
const REFUSED = traceOf(`
  0s  alpha       down     fault=refuse
  0s  ws1         start
  1s  alpha.pipe  refused`);
const GRID = gridOf(DIALECT, [
  { id: 'a/one', events: REFUSED },
  { id: 'a/two', events: REFUSED },
]);

t.test('a table has a row for each fault, and a column for each state of the face', (t) => {
  const text = coverageText(GRID, INFO, palette(false));
  const lines = text.split('\n');
  t.equal(lines[0], 'reference  made-up  2 cases');
  t.match(lines[2], /^1 of \d+ cells that can occur are touched/);
  const row = (id: string) => lines.find((line) => line.startsWith(`  ${id} `));
  t.equal(row('refuse'), '  refuse                2   °   °   °   °   °   °   °   °   °   °');
  t.equal(row('deny'), '  deny                                              °   °   °');
  t.ok(
    lines.includes(
      '  c  restarted         the client is dead, or was started again and has not been answered there since',
    ),
  );
  t.same(
    lines.filter((line) => line.length > 110),
    [],
  );
  t.match(text, '  touched by no case (·)\n    reset   apart\n    black-hole   apart\n');
  t.match(text, '    it strikes a request, and none is made\n');
  t.match(text, '(°)\n    apart-leased, restarted, connected, hello, idle,');
  t.end();
});

t.test('JSON has every cell, with its cases or with the reason', (t) => {
  const report = JSON.parse(coverageJson(GRID, INFO));
  t.match(report, { ...INFO, dialect: 'made-up', touched: 1 });
  const [pipe] = report.faces;
  t.equal(pipe.face, 'pipe');
  t.match(pipe.states[0], { id: 'apart', reached: true });
  t.match(pipe.states[4], { id: 'hello', reached: false });
  const cells = (id: string) => pipe.faults.find((fault: { id: string }) => fault.id === id).cells;
  t.match(cells('refuse')[0], { state: 'apart', cases: ['a/one', 'a/two'] });
  t.same(cells('refuse')[4], { state: 'hello', cases: [] });
  t.same(cells('deny')[0], { state: 'apart', impossible: 'it is an answer, and nothing is asked' });
  t.end();
});
