// The chart of a sweep: a lane a trait, the value from left to right.
import { DAY, HOUR, MINUTE, SECOND } from '../clock/clock.ts';
import type { Behaviour, Trait } from '../run/sweep/behaviour.ts';
import type { SweepResult } from '../run/sweep/sweep.ts';
import { formatValue, isDuration, type Variation } from '../run/sweep/variation.ts';

const WIDTH = 60;
const MAX_LANES = 12;
const NOTHING = '·';
const TICKS = [
  SECOND,
  10n * SECOND,
  MINUTE,
  10n * MINUTE,
  HOUR,
  6n * HOUR,
  DAY,
  3n * DAY,
  7n * DAY,
  30n * DAY,
  365n * DAY,
];

export function sweepChart(result: SweepResult): readonly string[] {
  const { variation, regimes } = result;
  const { values, cell } = columns(variation);
  const behaviours = values.map(
    (value) => regimes.findLast(({ from }) => from <= value)!.behaviour,
  );
  const lanes = lanesOf(regimes.map(({ behaviour }) => behaviour));
  const width = Math.max(...lanes.map(({ title }) => title.length), variation.quantity.length);
  return [
    `${variation.quantity.padEnd(width)}  ${axis(variation, values, cell)}`,
    ...lanes.map(({ title, sign }) =>
      `${title.padEnd(width)}  ${behaviours
        .map((behaviour) =>
          sign(behaviour)
            .repeat(Math.max(1, cell - 1))
            .padEnd(cell),
        )
        .join('')}`.trimEnd(),
    ),
  ];
}

interface Lane {
  readonly title: string;
  readonly sign: (behaviour: Behaviour) => string;
}

/** The verdict, and what differs: rows of attempts as digits, the rest as there or not there. */
function lanesOf(behaviours: readonly Behaviour[]): readonly Lane[] {
  const names = new Map(behaviours.flatMap(({ traits }) => [...traits]));
  const differs = ({ name }: Trait): boolean =>
    new Set(behaviours.map(({ traits }) => traits.get(name)?.value ?? 0)).size > 1;
  const isShown = ({ kind, weight }: Trait): boolean =>
    kind === 'row' ||
    kind === 'ledger' ||
    (weight === 'major' && ['presence', 'said'].includes(kind));
  const traits = [...names.values()].filter((trait) => isShown(trait) && differs(trait));
  return [
    {
      title: 'fails',
      sign: ({ verdict }) => ({ pass: NOTHING, fail: '█' })[verdict as string] ?? '?',
    },
    ...traits.slice(0, MAX_LANES).map(({ name, kind }): Lane => {
      return {
        title: name,
        sign: (behaviour) => {
          const value = behaviour.traits.get(name)?.value ?? 0;
          if (value === 0) return NOTHING;
          if (kind !== 'row' && kind !== 'ledger') return '█';
          return Number(value) < 10 ? String(value) : '+';
        },
      };
    }),
  ];
}

function columns({ quantity, from, to }: Variation): { values: readonly bigint[]; cell: number } {
  const count = to - from + 1n;
  if (!isDuration(quantity) && count <= BigInt(WIDTH)) {
    const values = Array.from({ length: Number(count) }, (_, index) => from + BigInt(index));
    return { values, cell: count <= 12n ? 4 : 1 };
  }
  const low = Number(from);
  const ratio = Number(to) / low;
  const at = (part: number): number =>
    isDuration(quantity) ? low * ratio ** part : low + (Number(to) - low) * part;
  const inner = Array.from({ length: WIDTH - 1 }, (_, index) =>
    BigInt(Math.round(at(index / (WIDTH - 1)))),
  );
  return { values: [...inner, to], cell: 1 };
}

/** Round values where there is room for them, each at its column. */
function axis({ quantity, from, to }: Variation, values: readonly bigint[], cell: number): string {
  if (!isDuration(quantity) && cell > 1)
    return values
      .map((value) => String(value).padEnd(cell))
      .join('')
      .trimEnd();
  const ticks = isDuration(quantity) ? TICKS.filter((tick) => tick > from && tick < to) : [];
  const last = formatValue(quantity, to);
  const lastColumn = Math.max(0, values.length - last.length);
  let line = formatValue(quantity, from);
  for (const tick of ticks) {
    const column = values.findIndex((value) => value >= tick);
    const text = formatValue(quantity, tick);
    if (column > line.length + 1 && column + text.length + 1 < lastColumn)
      line = line.padEnd(column) + text;
  }
  return line.length + 1 < lastColumn ? line.padEnd(lastColumn) + last : `${line} .. ${last}`;
}
