import perfHooks, {
  performance,
  PerformanceMark,
  type MarkOptions,
  type MeasureOptions,
} from 'node:perf_hooks';
import { define, type ProcessClock } from './clock.ts';

type Mark = string | undefined;

/** The performance API reads a clock of its own: give each entry its time. */
export function installPerformance(clock: ProcessClock): void {
  const realMark = performance.mark.bind(performance);
  const realMeasure = performance.measure.bind(performance) as (...args: unknown[]) => unknown;
  const now = () => clock.sinceStartMs();
  const timeOrigin = clock.wallMs();
  define(performance, 'now', now);
  define(performance, 'timeOrigin', timeOrigin);
  define(performance, 'toJSON', () => ({ timeOrigin, nodeTiming: performance.nodeTiming }));
  define(performance, 'mark', (name: string, options?: MarkOptions) =>
    realMark(name, { startTime: now(), ...options }),
  );
  define(performance, 'measure', (name: string, start?: Mark | MeasureOptions, end?: Mark) => {
    if (end !== undefined) return realMeasure(name, start, end);
    const options = typeof start === 'object' ? start : start === undefined ? {} : { start };
    const isWhole = options.end !== undefined || ('duration' in options && 'start' in options);
    return realMeasure(name, { start: 0, ...options, ...(isWhole ? {} : { end: now() }) });
  });
  installMarkClass(now);
  installEventTimes(now);
}

function installMarkClass(now: () => number): void {
  const mark = new Proxy(PerformanceMark, {
    construct: (target, [name, options]: [string, MarkOptions?], newTarget) =>
      Reflect.construct(target, [name, { startTime: now(), ...options }], newTarget) as object,
  });
  define(perfHooks, 'PerformanceMark', mark);
  define(globalThis, 'PerformanceMark', mark);
}

/** Node's own events are made out of reach: each gets its time when it is first asked for, which is as it is heard. */
function installEventTimes(now: () => number): void {
  const times = new WeakMap<Event, number>();
  Object.defineProperty(Event.prototype, 'timeStamp', {
    get(this: Event) {
      const timeMs = times.get(this) ?? now();
      times.set(this, timeMs);
      return timeMs;
    },
    configurable: true,
    enumerable: true,
  });
}
