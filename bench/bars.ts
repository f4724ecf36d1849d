// What a bench measures against what it must reach.

export interface Bar {
  readonly name: string;
  readonly measured: number;
  readonly bar: number;
  /** Whether the measured value must reach the bar or stay below it. */
  readonly want: 'at least' | 'at most';
  readonly unit: string;
  /** What else is worth knowing. */
  readonly note?: string;
}

export function isReached({ measured, bar, want }: Bar): boolean {
  return want === 'at least' ? measured >= bar : measured <= bar;
}

/** One line a bar; true when all are reached. */
export function report(bars: readonly Bar[], write: (line: string) => void): boolean {
  for (const bar of bars) {
    const { name, measured, want, unit, note } = bar;
    const mark = isReached(bar) ? 'ok    ' : 'MISSED';
    const extra = note === undefined ? '' : `  (${note})`;
    write(`${mark}  ${name}: ${number(measured)} ${unit}, bar ${want} ${number(bar.bar)}${extra}`);
  }
  return bars.every(isReached);
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
