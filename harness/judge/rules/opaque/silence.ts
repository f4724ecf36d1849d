import { SECOND } from '../../../clock/clock.ts';
import { formatDuration } from '../../../clock/duration.ts';
import type { Attempt } from '../../view/attempts.ts';
import type { Indexed } from '../../view/arrival.ts';
import { livesThrough } from '../../view/lives.ts';
import { broken, counted, kept, nothingSeen, type Outcome, type RuleCase } from '../rule.ts';

/** RT-8 by connections alone: a connection on which a fault has struck what was sent, by either side, is given up within the time-out for an answer. */
export function judgeSilence(input: RuleCase): Outcome {
  const { view, clients } = input;
  let ended = 0;
  for (const { name, plan } of clients) {
    const own = view.attemptsBy(name);
    for (const attempt of own) {
      const silent = silenceOn(attempt);
      if (!silent) continue;
      const { since, until } = silent;
      const limitNs = plan.answerTimeoutNs;
      const deadline = since.event.at + limitNs + SECOND + limitNs / 10n;
      if (until !== undefined && until <= deadline) {
        ended++;
        continue;
      }
      if (deadline > view.lastAt || !livesThrough(view.lives(name), since.event.at, deadline))
        continue;
      return broken({
        expected: `the connection to ${attempt.server} given up by ${formatDuration(deadline)}: nothing has come on it since ${formatDuration(since.event.at)}`,
        actual: until === undefined ? 'never' : `at ${formatDuration(until)}`,
        by:
          until === undefined
            ? `silent from ${formatDuration(since.event.at)} on, and never given up${beside(attempt, own)}`
            : `${formatDuration(until - deadline)} too late`,
        ...(until !== undefined && { marginNs: until - deadline }),
        index: since.index,
      });
    }
  }
  if (ended === 0) return nothingSeen('no connection fell silent', input);
  return kept(`${counted(ended, 'silent connection')} given up in time`);
}

/** A client that goes on to another server has given up in its own eyes: what it has left open is the news. */
function beside({ index, server }: Attempt, own: readonly Attempt[]): string {
  const next = own.find((other) => other.index > index && other.server !== server);
  return next === undefined
    ? ''
    : `: it stayed open when ${next.server} was tried at ${formatDuration(next.at)}`;
}

/** From the first bytes that went nowhere: some servers speak first, and who waits for that asks nothing. An end by the server is no silence. */
function silenceOn({ events }: Attempt): { since: Indexed; until?: bigint } | undefined {
  const since = events.find(
    ({ event }) => event.event === 'swallowed' || event.event === 'answer-lost',
  );
  const ended = events.find(({ event }) => event.event === 'close' || event.event === 'reset');
  if (!since || ended?.event.fields['by'] === 'server') return undefined;
  return { since, ...(ended && { until: ended.event.at }) };
}
