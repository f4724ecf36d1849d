// Where does something change? First some values over the whole range, then the middle of every interval whose ends differ.

export interface Grid {
  readonly from: bigint;
  readonly to: bigint;
  /** An interval no wider than this is not divided. */
  readonly resolution: bigint;
  /** Durations are spread by ratio, numbers by difference. */
  readonly logarithmic: boolean;
}

export interface SearchOptions<Result> {
  readonly grid: Grid;
  /** Values that are tried first. */
  readonly samples: number;
  readonly maxRuns: number;
  /** 0: the same; the greater, the sooner the interval is divided. */
  readonly distance: (a: Result, b: Result) => number;
  /** Results in the order of the values. */
  readonly play: (values: readonly bigint[]) => Promise<readonly Result[]>;
}

export interface Sample<Result> {
  readonly value: bigint;
  readonly result: Result;
}

/**
 * Results by rising value. Which values are tried depends on nothing but the results, never on how many are played at once.
 * Changes that cancel each other between two values with the same result are not seen.
 */
export async function search<Result>(
  options: SearchOptions<Result>,
): Promise<readonly Sample<Result>[]> {
  const { grid, maxRuns } = options;
  let known: readonly Sample<Result>[] = [];
  let values: readonly bigint[] = firstValues(grid, Math.min(options.samples, maxRuns));
  while (values.length > 0) {
    const results = await options.play(values);
    const played = values.map((value, index) => ({ value, result: results[index]! }));
    known = [...known, ...played].toSorted((a, b) => (a.value < b.value ? -1 : 1));
    values = middles(known, options, maxRuns - known.length);
  }
  return known;
}

/** Both ends, and up to `count` values in all, rising, on multiples of the resolution between them. */
export function firstValues({ from, to, resolution, logarithmic }: Grid, count: number): bigint[] {
  const values = new Set([from, to]);
  const low = Number(from);
  const high = Number(to);
  for (let index = 1; index < count - 1; index++) {
    const part = index / (count - 1);
    const value = logarithmic ? low * (high / low) ** part : low + (high - low) * part;
    const onGrid = BigInt(Math.round(value / Number(resolution))) * resolution;
    if (onGrid > from && onGrid < to) values.add(onGrid);
  }
  return [...values].toSorted((a, b) => (a < b ? -1 : 1));
}

/**
 * The middles of the intervals whose ends differ, at most `left` of them. Those that differ most come first, and keep as many
 * runs as they will need to the end; of equal ones the lower come first.
 */
function middles<Result>(
  known: readonly Sample<Result>[],
  { grid: { resolution }, distance }: SearchOptions<Result>,
  left: number,
): readonly bigint[] {
  const open = known.slice(1).flatMap((high, index) => {
    const low = known[index]!;
    const weight = distance(low.result, high.result);
    const width = high.value - low.value;
    if (weight === 0 || width <= resolution) return [];
    const middle = low.value + width / 2n;
    const onGrid = (middle / resolution) * resolution;
    const needs = Math.ceil(Math.log2(Number(width) / Number(resolution)));
    return [{ weight, needs, value: onGrid > low.value ? onGrid : middle }];
  });
  const most = Math.max(0, ...open.map(({ weight }) => weight));
  const first = open.filter(({ weight }) => weight === most);
  const rest = open.filter(({ weight }) => weight < most).toSorted((a, b) => b.weight - a.weight);
  const spare = left - first.reduce((sum, { needs }) => sum + needs, 0);
  const chosen = [...first, ...rest.slice(0, Math.max(0, spare))];
  return chosen.slice(0, left).map(({ value }) => value);
}
