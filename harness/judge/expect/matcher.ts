import type { Bound, ExpectItem, ExpectLine, Window } from '../../case/plan.ts';
import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { type Bindings, matched } from './pattern.ts';

/** One expected line and the events that went to it. */
export interface LineState {
  readonly line: ExpectLine;
  /** Which item of `expect` it belongs to: its own, or its block. */
  readonly item: number;
  readonly matches: Match[];
}

export interface Match {
  /** Into the events. */
  readonly index: number;
  readonly at: Nanos;
}

/** A window with its bounds worked out; both are inclusive. */
export interface Span {
  readonly from: Nanos;
  /** Only events behind this index; -1: all. Tells apart what happens in the same instant. */
  readonly afterIndex: number;
  /** Absent: until the end. */
  readonly to?: Nanos;
}

/**
 * Gives events to expected lines, one after the other: an event goes to the first open line that accepts it.
 * Open are the lines of the item at the front, and of those behind it as long as all before them have their minimum.
 * When a later item takes an event the items before it are closed.
 */
export class Matcher {
  readonly lines: readonly LineState[];
  readonly #items: readonly (readonly LineState[])[];
  readonly #owners = new Map<number, LineState>();
  #front = 0;
  #bindings: Bindings = new Map();

  constructor(items: readonly ExpectItem[]) {
    this.#items = items.map((item, index) =>
      (item.kind === 'line' ? [item] : item.lines).map((line) => ({
        line,
        item: index,
        matches: [],
      })),
    );
    this.lines = this.#items.flat();
  }

  get bindings(): Bindings {
    return this.#bindings;
  }

  take(event: TraceEvent, index: number): void {
    for (const state of this.open()) {
      const bindings = this.#accepts(state, event, index);
      if (!bindings) continue;
      this.#bindings = bindings;
      this.#front = state.item;
      this.#owners.set(index, state);
      state.matches.push({ index, at: event.at });
      return;
    }
  }

  /** The line that an event went to. */
  ownerOf(index: number): LineState | undefined {
    return this.#owners.get(index);
  }

  /** Lines that could still take an event, the first in line first. */
  open(): readonly LineState[] {
    const open: LineState[] = [];
    for (let item = this.#front; item < this.#items.length; item++) {
      const states = this.#items[item]!;
      open.push(...states.filter(({ line, matches }) => matches.length < (line.max ?? Infinity)));
      if (!states.every(hasMinimum)) break;
    }
    return open;
  }

  /** Closed by a match of a later item. */
  isPassed(state: LineState): boolean {
    return state.item < this.#front;
  }

  /** The window of a line, as far as what it counts from has happened. */
  span({ line, item }: LineState): Span | undefined {
    if (!this.#items.slice(0, item).flat().every(hasMinimum)) return undefined;
    return resolve(line.window, this.lastMatchBefore(item), (bound) => this.anchor(bound));
  }

  /** When the next match of a line with `every` is due. */
  due({ line, matches }: LineState): { earliest: Nanos; latest: Nanos } | undefined {
    const last = matches.at(-1);
    if (!line.every || !last) return undefined;
    const { gap, tolerance } = line.every;
    return { earliest: last.at + gap - tolerance, latest: last.at + gap + tolerance };
  }

  lastMatchBefore(item: number): Match | undefined {
    for (let before = item - 1; before >= 0; before--) {
      const matches = this.#items[before]!.flatMap((state) => state.matches.at(-1) ?? []);
      if (matches.length > 0) return matches.reduce((a, b) => (b.index > a.index ? b : a));
    }
    return undefined;
  }

  anchor({ name, which }: Extract<Bound, { kind: 'anchor' }>): Match | undefined {
    const named = this.lines.find(({ line }) => line.name === name);
    return which === 'first' ? named?.matches[0] : named?.matches.at(-1);
  }

  #accepts(state: LineState, event: TraceEvent, index: number): Bindings | undefined {
    const { pattern } = state.line;
    if (pattern.event !== event.event) return undefined;
    const due = this.due(state);
    if (due) {
      if (event.at < due.earliest || event.at > due.latest) return undefined;
    } else {
      const span = this.span(state);
      if (!span || !within(span, event, index)) return undefined;
    }
    return matched(pattern, event, this.#bindings);
  }
}

export function hasMinimum({ line, matches }: LineState): boolean {
  return matches.length >= line.min;
}

export function within({ from, afterIndex, to }: Span, { at }: TraceEvent, index: number): boolean {
  return at >= from && index > afterIndex && (to === undefined || at <= to);
}

/** Works out a window; undefined where a bound hangs on a line that has no match. */
export function resolve(
  { from, to }: Window,
  previous: Match | undefined,
  anchor: (bound: Extract<Bound, { kind: 'anchor' }>) => Match | undefined,
): Span | undefined {
  const time = (bound: Bound): Nanos | undefined => {
    if (bound.kind === 'time') return bound.at;
    if (bound.kind === 'after-previous') return (previous?.at ?? 0n) + bound.delay;
    const match = anchor(bound);
    return match && match.at + bound.delay;
  };
  const begin = from ? time(from) : (previous?.at ?? 0n);
  const end = to && time(to);
  if (begin === undefined || (to && end === undefined)) return undefined;
  const relative = from === undefined || from.kind === 'after-previous';
  return {
    from: begin,
    afterIndex: relative ? (previous?.index ?? -1) : -1,
    ...(end !== undefined && { to: end }),
  };
}
