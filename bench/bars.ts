// What a bench measures against what it must reach.
import { execFileSync } from 'node:child_process';

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

function isReached({ measured, bar, want }: Bar): boolean {
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

/** A machine on which Node takes longer than that to start is slow, or busy with something else. */
const BARE_START_S = 0.1;

export interface Timed {
  readonly seconds: number;
  /** What a Node process that does nothing took between the runs. */
  readonly bareSeconds: number;
}

/** After each of `runs` runs, a Node process that does nothing. */
export async function besideBare(action: () => Promise<unknown>, runs = 5): Promise<Timed> {
  const bare = () => execFileSync(process.execPath, ['-e', '0']);
  const [seconds, bareSeconds] = await inTurn([action, bare], runs);
  return { seconds: seconds!, bareSeconds: bareSeconds! };
}

/** Medians, in seconds, of actions that take turns: what else the machine does meets all of them. */
export async function inTurn(
  actions: readonly (() => unknown)[],
  runs = 5,
): Promise<readonly number[]> {
  const seconds = actions.map((): number[] => []);
  for (let run = 0; run < runs; run++)
    for (const [index, action] of actions.entries()) seconds[index]!.push(await timed(action));
  return seconds.map(median);
}

async function timed(action: () => unknown): Promise<number> {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1_000;
}

/** At most so many seconds; on a machine that is slow or busy by as much more as Node takes longer to start. */
export function secondsBar(name: string, seconds: number, measured: Timed): Bar {
  const slowness = Math.max(1, measured.bareSeconds / BARE_START_S);
  const times = measured.seconds / measured.bareSeconds;
  return {
    name,
    measured: measured.seconds,
    bar: seconds * slowness,
    want: 'at most',
    unit: 's',
    note:
      `${number(times)} × a bare node, which takes ${number(measured.bareSeconds)} s` +
      (slowness > 1 ? `; the bar of ${seconds} s is stretched for a busy machine` : ''),
  };
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
