import type { NeverLine } from '../../case/plan.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import type { Finding } from '../verdict.ts';
import { countsFromCase, edgeDistance } from './explain.ts';
import { type Matcher, resolve, within } from './matcher.ts';
import { type Bindings, matched } from './pattern.ts';

/** Events that are counted together: those in which the same variables stand for the same values. */
interface Group {
  readonly bindings: Bindings;
  count: number;
}

/**
 * Checks one `never` line on `events`, which end with the `end` of the play. Variables that expected lines have bound hold here;
 * one that is bound nowhere must be the same in all events that are counted.
 * A window that hangs on a line without a match is no window: the missing match is told by that line.
 */
export function checkNever(
  { pattern, min, window, position, text }: NeverLine,
  matcher: Matcher,
  events: readonly TraceEvent[],
): Finding | undefined {
  const span = resolve(window, undefined, (bound) => matcher.anchor(bound));
  if (!span) return undefined;
  const groups: Group[] = [];
  for (const [index, event] of events.entries()) {
    if (event.event !== pattern.event || !within(span, event, index)) continue;
    const group = groupOf(groups, (bindings) => matched(pattern, event, bindings), matcher);
    if (!group || ++group.count < min) continue;
    const marginNs = edgeDistance(span, event.at);
    const to = span.to === undefined ? 'the end' : formatDuration(span.to);
    return {
      what: 'never',
      position,
      claim: text,
      expected: `${min === 1 ? 'none' : `fewer than ${min}`} from ${formatDuration(span.from)} to ${to}`,
      actual: formatEvent(event, { from: pattern.from !== undefined }),
      ...(min > 1 && { by: `this is number ${group.count}` }),
      ...(marginNs !== undefined && {
        marginNs,
        sinceStart: countsFromCase(
          window,
          (bound) => (bound.kind === 'anchor' ? matcher.anchor(bound) : undefined),
          events,
        ),
      }),
      index,
    };
  }
  return undefined;
}

function groupOf(
  groups: Group[],
  match: (bindings: Bindings) => Bindings | undefined,
  { bindings }: Matcher,
): Group | undefined {
  const known = groups.find((group) => match(group.bindings));
  if (known) return known;
  const bound = match(bindings);
  if (!bound) return undefined;
  groups.push({ bindings: bound, count: 0 });
  return groups.at(-1);
}
