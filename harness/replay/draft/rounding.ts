// Times as a person would write them.
import { HOUR, MINUTE, SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';

/** From coarse to fine. */
const GRAINS: readonly Nanos[] = [HOUR, 30n * MINUTE, 15n * MINUTE, 5n * MINUTE, MINUTE, SECOND];

/** The nearest full minute where that is within 5 s, else the nearest second; at least a second. */
export function roundedGap(gap: Nanos): Nanos {
  const minutes = ((gap + MINUTE / 2n) / MINUTE) * MINUTE;
  if (minutes > 0n && distance(gap, minutes) <= 5n * SECOND) return minutes;
  const seconds = ((gap + SECOND / 2n) / SECOND) * SECOND;
  return seconds > 0n ? seconds : SECOND;
}

/** The coarsest round time well between the two, near the middle; undefined: they are too close. */
export function roundTimeBetween(from: Nanos, to: Nanos): Nanos | undefined {
  const middle = (from + to) / 2n;
  const margin = (to - from) / 10n;
  for (const grain of GRAINS) {
    const below = (middle / grain) * grain;
    const found = [below, below + grain].find((at) => at - from >= margin && to - at >= margin);
    if (found !== undefined && found > from && found < to) return found;
  }
  return undefined;
}

export function floorTo(time: Nanos, grain: Nanos): Nanos {
  return (time / grain) * grain;
}

/** How wide windows are: of clients that poll every half minute, narrower than of those that poll every four hours. */
export function grainFor(pollingNs: Nanos): Nanos {
  return pollingNs >= 10n * MINUTE ? MINUTE : 5n * SECOND;
}

/** `4h..4h1m` around that moment: a client that is a little late another time is within it all the same. */
export function windowAround(grain: Nanos, at: Nanos, last: Nanos = at): string {
  const from = floorTo(at, grain);
  const isLate = (last % grain) * 6n > grain * 5n;
  const to = floorTo(last, grain) + (isLate ? 2n : 1n) * grain;
  return `${formatDuration(from)}..${formatDuration(to)}`;
}

export function distance(a: Nanos, b: Nanos): Nanos {
  return a > b ? a - b : b - a;
}
