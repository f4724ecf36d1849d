import { DAY, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { Problems } from './problems.ts';

/** Packets of several queues come that much out of order; what goes back further is a clock that was set. */
const JITTER_NS = 1_000_000_000n;
/** A trace takes a hundred years. */
const LONGEST_NS = 36_500n * DAY;

/** Case time out of the times of packets: begins with the first, never runs backward. */
export class Timeline {
  readonly #problems: Problems;
  /** Nanoseconds since 1970 of case time 0. */
  #epochNs: bigint | undefined;
  #last: Nanos = 0n;
  #shift = 0n;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Nanoseconds since 1970 of the first packet; undefined before that. */
  get epochNs(): bigint | undefined {
    return this.#epochNs;
  }

  get now(): Nanos {
    return this.#last;
  }

  /** Takes the time of the next packet; one without a time comes when the last did. */
  advance(timeNs: bigint | undefined, offset: number): Nanos {
    if (timeNs === undefined) {
      this.#problems.add(
        'no-time',
        offset,
        'a packet without a time: it gets that of the one before',
      );
      return this.#last;
    }
    this.#epochNs ??= timeNs;
    let at = timeNs - this.#epochNs + this.#shift;
    if (this.#last - at > JITTER_NS) {
      const back = formatDuration(this.#last - at);
      this.#problems.add(
        'clock',
        offset,
        `the clock goes backward by ${back}: from here on it is taken to go on from where it was`,
      );
      this.#shift += this.#last - at;
      at = this.#last;
    } else if (at > LONGEST_NS) {
      this.#problems.add('clock', offset, 'a packet more than a hundred years after the first');
      return this.#last;
    }
    if (at > this.#last) this.#last = at;
    return this.#last;
  }
}
