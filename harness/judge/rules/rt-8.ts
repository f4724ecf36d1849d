import { SECOND, type Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import { formatEvent } from '../../trace/format.ts';
import type { PhasePolicy } from '../policy.ts';
import type { Attempt } from '../view/attempts.ts';
import { livesThrough } from '../view/lives.ts';
import { judgeSilence } from './opaque/silence.ts';
import {
  broken,
  counted,
  defineRule,
  kept,
  listed,
  nothingSeen,
  pendingAt,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';

/** A connection on which something did not come. */
interface Wait {
  readonly attempt: Attempt;
  readonly what: 'connect' | 'handshake' | 'answer' | 'idle';
  readonly from: Nanos;
  readonly index: number;
  readonly limitNs: Nanos;
  /** When the client gave it up, or tried something else; absent: it never did. */
  readonly until?: Nanos;
}

export const RT_8 = defineRule({
  id: 'RT-8',
  version: 1,
  obligation:
    'the client gives up a silent connection in a bounded time, for connect, handshake, answer and idle apart',
  source: 'RFC 3539 §3.4.1; the time-outs of the profile',
  always: false,
  needs:
    'a connection, or the attempt at one, falls silent; not while a server is `half-open`, as nobody sees the other end of a dead cable',
  judgeOpaque: judgeSilence,
  judge(input) {
    const { view, clients } = input;
    const ended = new Map<string, number>();
    for (const client of clients)
      for (const phase of phasesOf(client)) {
        const waits = view
          .attemptsOn(client.name, phase.face)
          .flatMap((attempt) => waitsOf(input, client, phase, attempt))
          .toSorted((a, b) => a.index - b.index);
        for (const { attempt, what, from, index, limitNs, until } of waits) {
          const deadline = from + limitNs + SECOND + limitNs / 10n;
          if (until !== undefined && until <= deadline) {
            const kind = `${what} given up within ${formatDuration(limitNs)}`;
            ended.set(kind, (ended.get(kind) ?? 0) + 1);
            continue;
          }
          if (deadline > view.lastAt || !livesThrough(view.lives(client.name), from, deadline))
            continue;
          return broken({
            expected: `the connection to ${attempt.server}.${attempt.face} given up by ${formatDuration(deadline)}: it has been silent since ${formatDuration(from)} (${what}, ${formatDuration(limitNs)})`,
            actual:
              until === undefined
                ? 'it was never given up'
                : `it was given up at ${formatDuration(until)}`,
            by:
              until === undefined
                ? formatEvent(view.events[index]!)
                : `${formatDuration(until - deadline)} too late`,
            ...(until !== undefined && { marginNs: until - deadline }),
            index,
          });
        }
      }
    if (ended.size === 0) return nothingSeen('no connection fell silent', input);
    return kept(listed([...ended].map(([kind, count]) => `${kind}: ${counted(count, 'time')}`)));
  },
});

function phasesOf({ policy }: RuleClient): readonly PhasePolicy[] {
  return policy.acquire ? [policy.acquire, policy.upload] : [policy.upload];
}

function waitsOf(
  input: RuleCase,
  client: RuleClient,
  phase: PhasePolicy,
  attempt: Attempt,
): readonly Wait[] {
  if (attempt.kind === 'refused') return [];
  if (attempt.kind === 'unanswered') return connectWait(input, client, phase, attempt);
  // Of what a client does at the other end of a dead cable nothing is seen.
  if (input.view.downtimes.names(attempt.server, attempt.face).has('half-open')) return [];
  return [...answerWaits(phase, attempt), ...idleWaits(phase, attempt)];
}

/** That a client has given up an attempt nobody sees, but the next one of the same pass. */
function connectWait(
  input: RuleCase,
  { name, policy }: RuleClient,
  { face, order, timeouts }: PhasePolicy,
  attempt: Attempt,
): readonly Wait[] {
  const { view } = input;
  const { server, at, index } = attempt;
  const next = order?.[order.indexOf(server) + 1];
  const limitNs = timeouts.connectNs;
  const isPass = face === policy.upload.face && next !== undefined;
  if (!isPass || pendingAt(input, name, at - limitNs, at).length === 0) return [];
  const span = { from: 0n, to: at + limitNs };
  if (isSilenced(silencesOf(input, name), face, span) || !input.seesAttempts) return [];
  const refusedUs = view.eventsOf(name, 'login-refused').some((other) => other.index < index);
  if (refusedUs) return [];
  const later = view.attemptsOn(name, face).find((other) => other.index > index);
  return [
    { attempt, what: 'connect', from: at, index, limitNs, ...(later && { until: later.at }) },
  ];
}

/** What was asked and got no byte of an answer. The bytes of a request may come one after the other. */
function answerWaits({ timeouts }: PhasePolicy, attempt: Attempt): readonly Wait[] {
  const { events } = attempt;
  let answered = false;
  let asked: { at: Nanos; index: number } | undefined;
  for (const [position, { index, event }] of events.entries()) {
    const { at } = event;
    if (event.event === 'swallowed') asked = { at, index };
    else if (event.event === 'received') {
      if (events[position + 1]?.event.event !== 'bye') asked = { at, index };
    } else if (event.event === 'sent') {
      answered = true;
      asked = undefined;
    } else if (event.event === 'close' || event.event === 'reset') {
      if (!asked || event.fields['by'] === 'server') return [];
      return [waitFor(asked, at)];
    }
  }
  return asked ? [waitFor(asked)] : [];

  function waitFor(since: { at: Nanos; index: number }, until?: Nanos): Wait {
    return {
      attempt,
      what: answered ? 'answer' : 'handshake',
      from: since.at,
      index: since.index,
      limitNs: answered ? timeouts.answerNs : timeouts.handshakeNs,
      ...(until !== undefined && { until }),
    };
  }
}

/** Two watchdog intervals without a byte from the server (RFC 3539 §3.4.1), where the profile states one. */
function idleWaits({ timeouts }: PhasePolicy, attempt: Attempt): readonly Wait[] {
  const { idleNs } = timeouts;
  if (idleNs === undefined) return [];
  const limitNs = 2n * idleNs;
  let heard = { at: attempt.at, index: attempt.index };
  for (const { index, event } of attempt.events) {
    const ends = event.event === 'close' || event.event === 'reset';
    if (event.event !== 'sent' && !ends) continue;
    const given = ends && event.fields['by'] !== 'server' && event.at - heard.at > idleNs;
    if (event.at - heard.at > limitNs || given)
      return [
        { attempt, what: 'idle', from: heard.at, index: heard.index, limitNs, until: event.at },
      ];
    if (ends) return [];
    heard = { at: event.at, index };
  }
  return [{ attempt, what: 'idle', from: heard.at, index: heard.index, limitNs }];
}
