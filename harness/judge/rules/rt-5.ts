import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import { firstAfter } from '../view/arrival.ts';
import type { Attempt } from '../view/attempts.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import { broken, defineRule, kept, listed, nothingSeen } from './rule.ts';
import { silencesOf, type Silence } from './silences.ts';

/** What was on its way before the client could have read the answer. */
const UNDER_WAY: Nanos = 2n * MILLISECOND;
/** A timer may fire that much too early. */
const TIMER_SLACK: Nanos = 10n * MILLISECOND;

export const RT_5 = defineRule({
  id: 'RT-5',
  version: 1,
  obligation:
    'the client sends nothing to a server before `Retry-After` has passed, whether that is told in seconds or as a date',
  source: 'RFC 9110 §10.2.3, RFC 6585 §4',
  always: false,
  needs:
    'a server asks for silence (`retry-after=`), the client gets to know, and lives until it is over',
  judge(input) {
    const { view, clients } = input;
    const obeyed: string[] = [];
    let told = 0;
    for (const { name } of clients) {
      const lives = view.lives(name);
      for (const silence of silencesOf(input, name)) {
        told++;
        const { server, face, from, until, bornAt } = silence;
        const place = `${server}.${face}`;
        const asked = view.once(`requests ${JSON.stringify([name, face, server])}`, () =>
          view
            .attemptsOn(name, face, server)
            .flatMap(requestsOf)
            .toSorted((a, b) => a.index - b.index),
        );
        let first: (typeof asked)[number] | undefined;
        for (let next = firstAfter(asked, silence.index); next < asked.length && !first; next++) {
          const { at } = asked[next]!;
          if (at >= from + UNDER_WAY && startedAt(lives, at) === bornAt) first = asked[next];
        }
        if (first && first.at < until - TIMER_SLACK)
          return broken({
            expected: `nothing on ${place} before ${formatDuration(until)}: at ${formatDuration(from)} it asked for ${formatDuration(until - from)} of silence`,
            actual: formatEvent(view.events[first.index]!),
            by: `${formatDuration(until - first.at)} too soon`,
            marginNs: until - TIMER_SLACK - first.at,
            index: first.index,
          });
        if (until <= view.lastAt && livesThrough(lives, from, until))
          obeyed.push(silenceText(silence, first?.at));
      }
    }
    if (obeyed.length > 0) return kept(listed(obeyed));
    return nothingSeen(
      told > 0
        ? 'no client lived until the silence that a server asked for was over'
        : 'no server asked for silence',
      input,
    );
  },
});

/** A connection attempt, and bytes on a connection that stands. A farewell asks for nothing. */
function requestsOf({ events }: Attempt): readonly { index: number; at: Nanos }[] {
  return events.flatMap(({ index, event }, position) => {
    const isRequest =
      position === 0 ||
      event.event === 'swallowed' ||
      (event.event === 'received' && events[position + 1]?.event.event !== 'bye');
    return isRequest ? [{ index, at: event.at }] : [];
  });
}

function silenceText({ server, face, from, until }: Silence, next: Nanos | undefined): string {
  const then = next === undefined ? 'nothing after it' : `next at ${formatDuration(next)}`;
  return `${server}.${face} left alone from ${formatDuration(from)} to ${formatDuration(until)}, ${then}`;
}
