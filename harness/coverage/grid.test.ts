import t from 'tap';
import { WIRE_FAULTS } from '../case/faults.ts';
import { SEMANTIC_EVENTS, SERVER_EVENTS } from '../trace/vocabulary.ts';
import { rowId, rowsOf, STATE_FAULTS, STRIKES } from './faults.ts';
import { type Cell, countsOf, gridOf } from './grid.ts';
import { ACCEPTED_AS, STATES } from './states.ts';
import { DIALECT, traceOf } from './trace.fixture.ts';

const REFUSED = `
  0s  alpha       down     fault=refuse
  0s  ws1         start
  1s  alpha.pipe  refused`;

function cell(grid: ReturnType<typeof gridOf>, face: string, fault: string, state: string): Cell {
  const { rows } = grid.faces.find((one) => one.face === face)!;
  return rows.find(({ id }) => id === fault)!.cells.find((one) => one.state.id === state)!;
}

t.test('a cell has the cases that touched it, or why none can', (t) => {
  const grid = gridOf(DIALECT, [
    { id: 'a/one', events: traceOf(REFUSED) },
    { id: 'a/two', events: traceOf(REFUSED) },
    { id: 'a/three', events: [] },
  ]);
  t.equal(grid.cases, 3);
  t.same(cell(grid, 'pipe', 'refuse', 'apart').cases, ['a/one', 'a/two']);
  t.match(cell(grid, 'pipe', 'refuse', 'hello'), { cases: [], impossible: undefined });
  t.match(cell(grid, 'pipe', 'hang', 'idle').impossible, 'it strikes a request, and none is made');
  t.match(cell(grid, 'pipe', 'deny', 'hello').impossible, 'this request is never answered so');
  t.equal(cell(grid, 'pipe', 'deny', 'lease-request').impossible, undefined);
  t.equal(cell(grid, 'pipe', 'lost-ack', 'lease-request').impossible, undefined);
  t.equal(cell(grid, 'pipe', 'hang', 'callback-awaited').impossible, undefined, 'it is pushed');
  t.type(cell(grid, 'pipe', 'reset-after-request', 'callback-awaited').impossible, 'string');
  t.match(cell(grid, 'share', 'lost-ack', 'configuration').impossible, /acknowledgements/);
  t.equal(countsOf(grid.faces).touched, 1);
  t.end();
});

t.test('a face has the states of what is asked there', (t) => {
  const [pipe, share] = gridOf(DIALECT, []).faces;
  const ids = (face: typeof pipe) => face!.states.map(({ id }) => id).join(' ');
  t.equal(
    ids(pipe),
    'apart apart-leased restarted connected hello idle idle-leased lease-request lease-renew callback-request callback-awaited',
  );
  t.equal(
    ids(share),
    'apart restarted connected idle upload-offer configuration configuration-half',
  );
  t.notOk(
    share!.rows.some(({ id }) => id === 'seats'),
    'licences are no matter of it',
  );
  t.end();
});

t.test('a face that does not say what is asked there has what was', (t) => {
  const faces = DIALECT.faces.map(({ asks: _asks, ...face }) => face);
  const events = traceOf(`0s alpha down fault=hang
    0s ws1 start
    1s alpha.pipe connect #1
    1s alpha.pipe swallowed #1 text=ask:lease-renew`);
  const grid = gridOf({ ...DIALECT, faces }, [{ id: 'a', events }]);
  t.same(
    grid.faces[0]!.states.map(({ id }) => id),
    ['apart', 'restarted', 'connected', 'idle', 'lease-renew'],
  );
  t.same(cell(grid, 'pipe', 'hang', 'lease-renew').cases, ['a']);
  t.end();
});

t.test('what was seen is possible, whatever the table says', (t) => {
  const events = traceOf(`
    0s   alpha       down     fault=slow latency=1s
    0s   ws1         start
    1ms  alpha.pipe  connect  #1
    1s   alpha.pipe  sent     #1 text=whole`);
  const banner = cell(gridOf(DIALECT, [{ id: 'a', events }]), 'pipe', 'slow', 'connected');
  t.match(banner, { cases: ['a'], impossible: undefined });
  t.match(
    cell(gridOf(DIALECT, []), 'pipe', 'slow', 'connected').impossible,
    'it strikes what the server sends, and the server sends nothing',
  );
  t.end();
});

t.test('every fault has its row, and every word is one of the vocabulary', (t) => {
  t.same(Object.keys(STRIKES).toSorted(), WIRE_FAULTS.map(({ name }) => name).toSorted());
  t.same(
    Object.keys(STATE_FAULTS).toSorted(),
    Object.keys(SERVER_EVENTS)
      .filter((event) => event !== 'down' && event !== 'up')
      .toSorted(),
  );
  const words = new Set([...Object.keys(SEMANTIC_EVENTS), 'request']);
  const asked = STATES.filter(({ kind }) => kind === 'asked').map(({ id }) => id);
  t.same(
    asked.filter((word) => !words.has(word)),
    [],
  );
  for (const [request, acceptance] of Object.entries(ACCEPTED_AS))
    t.ok(asked.includes(request) && words.has(acceptance), request);
  const ids = rowsOf(DIALECT, DIALECT.faces[0]!).map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const id of ['cut fin', 'cut rst', 'restart kept', 'restart lost', 'seats', 'busy', 'kill'])
    t.ok(ids.includes(id), id);
  t.equal(rowId('cut', { bytes: 20, with: 'rst' }), 'cut rst');
  t.equal(rowId('slow', { latency: '20s' }), 'slow');
  t.equal(rowId('seats', { program: 'a.exe', seats: 0 }), 'seats');
  t.end();
});
