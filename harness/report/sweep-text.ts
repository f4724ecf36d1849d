// A sweep for people: a sentence, a table of what changes where, and a chart.
import type { Behaviour } from '../run/sweep/behaviour.ts';
import type { Change, Regime, SweepResult } from '../run/sweep/sweep.ts';
import { formatValue, isDuration, type Quantity } from '../run/sweep/variation.ts';
import type { Palette } from './palette.ts';
import { sweepChart } from './sweep-chart.ts';
import { PAINT } from './verdict-text.ts';

/** What one value of the quantity is called in a sentence. */
const NAMES: Readonly<Record<Quantity, string>> = {
  outage: 'an outage of',
  attempts: 'attempts =',
  'retry-delay': 'a retry delay of',
  down: 'servers down =',
};
const MAX_WORDS = 3;
const MAX_TURNS = 4;

/** What makes a sweep come out the same again. */
export interface SweepInfo {
  readonly client: string;
  readonly time: string;
  readonly seed: number;
  readonly epoch: string;
}

export function sweepText(result: SweepResult, info: SweepInfo, colors: Palette): string {
  const { client, time, seed, epoch } = info;
  const { plan, tried, maxRuns, changes } = result;
  const open = changes.filter(({ narrowed }) => !narrowed).length;
  return [
    colors.bold(`${client}  ${plan.id}`),
    '',
    headline(result, client),
    '',
    ...table(result, colors),
    '',
    ...sweepChart(result),
    '',
    colors.dim(
      `${tried.length} ${tried.length === 1 ? 'run' : 'runs'}, time ${time}, seed ${seed}, epoch ${epoch}` +
        (open > 0
          ? `; ${open} ${open === 1 ? 'change is' : 'changes are'} not narrowed down: --max-runs ${maxRuns} were used up`
          : ''),
    ),
    '',
  ].join('\n');
}

/** `reference tolerates an outage of 44m59s, turns to bravo at 45m` */
export function headline(result: SweepResult, client: string): string {
  const { variation, changes } = result;
  const { quantity, from, to } = variation;
  const text = (value: bigint): string => formatValue(quantity, value);
  const telling = changes.filter(({ major }) => major.length > 0);
  const [first] = telling.length > 0 ? telling : changes;
  const range = from === to ? text(from) : `${text(from)} to ${text(to)}`;
  if (!first) {
    const { verdict, reason } = result.regimes[0]!.behaviour;
    const says = verdict === 'pass' ? 'passes' : `${verdict} (${reason})`;
    return `${client}: ${says}, and nothing changes, with ${NAMES[quantity]} ${range}`;
  }
  const turns = (telling.length > 0 ? telling : [first])
    .slice(0, MAX_TURNS)
    .map((change) => `${turnOf(change)} at ${text(change.at)}`);
  const more = telling.length - turns.length;
  const tolerates =
    quantity === 'outage' && telling.length > 0
      ? `tolerates ${NAMES[quantity]} ${text(first.after)}`
      : `is the same up to ${NAMES[quantity]} ${text(first.after)}`;
  return `${client} ${[tolerates, ...turns].join(', ')}${more > 0 ? `, and ${more} more changes` : ''}`;
}

function turnOf({ turns, major, minor }: Change): string {
  return turns ?? `changes (${major[0] ?? minor[0]})`;
}

function table({ variation: { quantity }, regimes, changes }: SweepResult, colors: Palette) {
  const rangeOf = ({ from, to }: Regime): string =>
    from === to
      ? formatValue(quantity, from)
      : `${formatValue(quantity, from)} .. ${formatValue(quantity, to)}`;
  const width = Math.max(quantity.length, ...regimes.map((regime) => rangeOf(regime).length));
  const head = `${quantity.padEnd(width)}  verdict       what it does there`;
  const rows = regimes.map((regime, index) => {
    const change = changes[index - 1];
    const verdict = PAINT[regime.behaviour.verdict](colors)(regime.behaviour.verdict.padEnd(12));
    const words = change
      ? shortly([...change.major, ...change.minor])
      : described(regime.behaviour);
    const doubt = change && !change.narrowed ? ' (somewhere in between)' : '';
    return `${rangeOf(regime).padEnd(width)}  ${verdict}  ${words}${doubt}`;
  });
  return [colors.dim(head), ...rows];
}

function shortly(words: readonly string[]): string {
  const left = words.length - MAX_WORDS;
  return words.slice(0, MAX_WORDS).join('; ') + (left > 0 ? `; ${left} more` : '');
}

/** The behaviour from which the sweep starts. */
function described({ traits }: Behaviour): string {
  const words = [...traits.values()].flatMap(({ name, kind, weight, value }) => {
    if (kind === 'row')
      return [`${value} ${value === 1 ? name.replace('attempts', 'attempt') : name}`];
    if (weight !== 'major' || kind === 'verdict' || kind === 'first') return [];
    return [kind === 'ledger' ? `${name} ${value}` : name];
  });
  return words.join('; ');
}

/** As it stands in the options: whole ns are no way to write a day. */
export function sweepJson(result: SweepResult, info: SweepInfo): string {
  const { variation, plan, tried, regimes, changes } = result;
  const { quantity } = variation;
  const value = (raw: bigint): string | number =>
    isDuration(quantity) ? formatValue(quantity, raw) : Number(raw);
  const report = {
    ...info,
    case: plan.id,
    vary: quantity,
    from: value(variation.from),
    to: value(variation.to),
    runs: tried.length,
    regimes: regimes.map(({ from, to, behaviour }) => ({
      from: value(from),
      to: value(to),
      verdict: behaviour.verdict,
      ...(behaviour.reason !== undefined && { reason: behaviour.reason }),
      traits: Object.fromEntries([...behaviour.traits.values()].map((t) => [t.name, t.value])),
    })),
    changes: changes.map(({ after, at, ...rest }) => ({
      after: value(after),
      at: value(at),
      ...rest,
    })),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
