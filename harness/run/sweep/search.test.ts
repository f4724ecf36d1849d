import t from 'tap';
import { firstValues, type Grid, search } from './search.ts';

const GRID: Grid = { from: 10n, to: 100_000n, resolution: 1n, logarithmic: true };

/** Searches where `behaviour` changes; counts what is played, and how often at once. */
async function searched(
  behaviour: (value: number) => number,
  { grid = GRID, samples = 10, maxRuns = 200 } = {},
) {
  const rounds: (readonly bigint[])[] = [];
  const found = await search({
    grid,
    samples,
    maxRuns,
    distance: (a: number, b: number) => (a === b ? 0 : a > 100 || b > 100 ? 2 : 1),
    play: (values) => {
      rounds.push(values);
      return Promise.resolve(values.map((value) => behaviour(Number(value))));
    },
  });
  const changes = found
    .slice(1)
    .flatMap(({ value, result }, index) =>
      found[index]!.result === result ? [] : [[Number(found[index]!.value), Number(value)]],
    );
  return { found, rounds, changes, runs: rounds.flat().length };
}

t.test('every step is found to the resolution', async (t) => {
  const { changes, runs } = await searched((value) => (value < 898 ? 0 : value < 40_000 ? 1 : 2));
  t.same(changes, [
    [897, 898],
    [39_999, 40_000],
  ]);
  t.ok(runs < 60, `${runs} runs`);
});

t.test('no value is played twice, and results are in order', async (t) => {
  const { found, rounds } = await searched((value) => Math.floor(value / 9_000));
  const values = rounds.flat();
  t.equal(new Set(values).size, values.length);
  t.same(
    found.map(({ value }) => value),
    values.toSorted((a, b) => (a < b ? -1 : 1)),
  );
});

t.test('where nothing changes only the first values are played', async (t) => {
  const { rounds } = await searched(() => 7);
  t.equal(rounds.length, 1);
});

t.test('the runs are bounded, and spent on what differs most first', async (t) => {
  const behaviour = (value: number) => (value < 50 ? 1 : value < 5_000 ? 2 : 101);
  const { changes, runs } = await searched(behaviour, { samples: 4, maxRuns: 22 });
  t.equal(runs, 22);
  t.same(changes.at(-1), [4_999, 5_000]);
});

t.test('values between the ends lie on multiples of the resolution', (t) => {
  const grid = { from: 7n, to: 1_003n, resolution: 10n, logarithmic: true };
  const values = firstValues(grid, 12);
  t.equal(values[0], 7n);
  t.equal(values.at(-1), 1_003n);
  t.ok(values.slice(1, -1).every((value) => value % 10n === 0n));
  t.same(firstValues({ from: 1n, to: 5n, resolution: 1n, logarithmic: false }, 25), [
    1n,
    2n,
    3n,
    4n,
    5n,
  ]);
  t.same(firstValues({ from: 3n, to: 3n, resolution: 1n, logarithmic: false }, 25), [3n]);
  t.end();
});

t.test('an interval that has no multiple of the resolution inside is left at that', async (t) => {
  const grid = { from: 5n, to: 16n, resolution: 10n, logarithmic: true };
  const { found } = await searched((value) => (value < 9 ? 0 : 1), { grid });
  t.same(
    found.map(({ value }) => value),
    [5n, 10n, 16n],
  );
});
