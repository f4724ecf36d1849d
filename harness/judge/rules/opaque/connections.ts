// What can be known of connections whose bytes nobody understands: when they came, when they went, and who ended them.
import type { ClientPlan } from '../../../case/plan.ts';
import { SECOND, type Nanos } from '../../../clock/clock.ts';
import { type Attempt, type Failure, isOfTls, UNAVAILABLE } from '../../view/attempts.ts';
import type { View } from '../../view/view.ts';

/**
 * Why an attempt, or the connection that came of it, failed. Silence, and an end without an answer, count only while a fault
 * was on: some servers never answer.
 */
export function failureOf(view: View, attempt: Attempt): Failure | undefined {
  const { failure, server, face, at } = attempt;
  if (!failure || !UNAVAILABLE.has(failure.kind)) return undefined;
  if (failure.kind === 'reset' || failure.kind === 'refusal') return failure;
  if (view.downtimes.clear(server, face, at, failure.at)) return undefined;
  return isStruck(attempt) || !isAnswered(attempt) ? failure : undefined;
}

/** The server has sent something: the connection had been good. What TLS says of its own accord is nothing of the server. */
export function isAnswered({ events }: Attempt): boolean {
  return events.some(({ event }) => event.event === 'sent' && !isOfTls(event));
}

function isStruck({ events }: Attempt): boolean {
  return events.some(({ event }) => event.event === 'swallowed' || event.event === 'answer-lost');
}

/** An accepted connection that stands at that time, and that no fault has struck. */
export function standsAt(view: View, attempt: Attempt, at: Nanos): boolean {
  const ended = attempt.events.find(
    ({ event }) => event.event === 'reset' || event.event === 'close',
  );
  return (
    attempt.kind === 'connect' &&
    attempt.at <= at &&
    (ended === undefined || ended.event.at > at) &&
    !isStruck(attempt) &&
    view.downtimes.clear(attempt.server, attempt.face, at, at)
  );
}

/** The longest that a client may take to go through its servers once. */
export function passNs(view: View, client: ClientPlan): Nanos {
  const { attempts, retryDelayNs, connectTimeoutNs, answerTimeoutNs } = client;
  const tries = BigInt(view.plan.servers.length * attempts);
  return tries * (retryDelayNs + connectTimeoutNs + answerTimeoutNs) + 5n * SECOND;
}
