import type { Nanos } from '../../clock/clock.ts';
import { formatDuration } from '../../clock/duration.ts';
import type { PhasePolicy } from '../policy.ts';
import { type Attempt, failed, UNAVAILABLE } from '../view/attempts.ts';
import { livesThrough, startedAt } from '../view/lives.ts';
import { needsLicence } from './failover.ts';
import { leasesOf } from './leases.ts';
import { judgePass } from './opaque/pass.ts';
import {
  broken,
  defineRule,
  kept,
  lastBelow,
  listed,
  nothingSeen,
  pendingAt,
  type RuleCase,
  type RuleClient,
} from './rule.ts';
import { isSilenced, silencesOf } from './silences.ts';

/** A phase, and whether its client needed a server from one time to another. */
interface Need {
  readonly phase: PhasePolicy;
  readonly is: (from: Nanos, to: Nanos) => boolean;
}

export const RT_7 = defineRule({
  id: 'RT-7',
  version: 1,
  obligation:
    'the client bounds the time for a whole pass over the list: servers × attempts × (time-out + delay)',
  source: 'the policy of the profile',
  always: false,
  needs:
    'a pass that begins with the first server fails everywhere, while it is needed; attempts can be seen',
  judgeOpaque: judgePass,
  judge(input) {
    const { view, clients, seesAttempts } = input;
    const passes: string[] = [];
    let why = 'no pass over the whole list failed';
    for (const client of clients)
      for (const { phase, is } of needsOf(input, client)) {
        const { face } = phase;
        const boundNs = boundOf(view.plan.servers.length, phase);
        for (const first of beginnings(input, client, phase)) {
          const deadline = first.at + boundNs;
          const tried = view
            .attemptsOn(client.name, face)
            .filter(({ at, index }) => index >= first.index && at <= deadline);
          const missing = phase.order!.filter(
            (server) => !tried.some((attempt) => attempt.server === server),
          );
          const answered = tried.some(({ answers }) => answers.length > 0);
          if (missing.length === 0) {
            if (!answered) passes.push(passText(first, tried, phase.order!.length));
            continue;
          }
          const judged =
            !answered &&
            deadline <= view.lastAt &&
            livesThrough(view.lives(client.name), first.at, deadline) &&
            !isSilenced(silencesOf(input, client.name), face, { from: first.at, to: deadline }) &&
            !tried.some(({ failure }) => failure && !UNAVAILABLE.has(failure.kind)) &&
            is(first.at, deadline);
          if (!judged) continue;
          const hidden = missing.some(
            (server) => !view.downtimes.clear(server, face, first.at, deadline),
          );
          if (!seesAttempts && hidden) {
            why = 'whether all servers were tried was not seen';
            continue;
          }
          return broken({
            expected: `every ${face} tried by ${formatDuration(deadline)}, ${formatDuration(boundNs)} after the first failure`,
            actual: `not tried: ${missing.join(', ')}`,
            by: `the pass that began at ${formatDuration(first.at)} did not come to its end`,
            index: view.events.findLastIndex(({ at }) => at <= deadline),
          });
        }
      }
    return passes.length > 0 ? kept(listed(passes)) : nothingSeen(why, input);
  },
});

function boundOf(servers: number, { attempts, gapNs, jitter, timeouts }: PhasePolicy): Nanos {
  const { connectNs, handshakeNs, answerNs } = timeouts;
  const longestNs = (gapNs * BigInt(Math.round((1 + jitter) * 1000))) / 1000n;
  return BigInt(servers * attempts) * (connectNs + handshakeNs + answerNs + longestNs);
}

function needsOf(input: RuleCase, { name, plan, policy }: RuleClient): readonly Need[] {
  const { view } = input;
  const upload: Need = {
    phase: policy.upload,
    is: (from) => pendingAt(input, name, from - view.passNs(plan), from).length > 0,
  };
  const { acquire } = policy;
  if (!acquire?.order) return policy.upload.order ? [upload] : [];
  const leases = leasesOf(view, name);
  const acquires: Need = {
    phase: acquire,
    is: (from, to) =>
      needsLicence(view.runs(name), leases, acquire.order![0]!, { from, at: from, to }),
  };
  return policy.upload.order ? [upload, acquires] : [acquires];
}

/** The first failed attempt of each outage: none of the servers had answered since the one before. */
function beginnings(
  { view }: RuleCase,
  { name }: RuleClient,
  { face, order }: PhasePolicy,
): readonly Attempt[] {
  const attempts = view.attemptsOn(name, face);
  const goods = attempts
    .flatMap(({ answers }) => answers.map(({ index }) => index))
    .toSorted((a, b) => a - b);
  const lives = view.lives(name);
  const seen = new Set<string>();
  return attempts.filter((attempt) => {
    // A pass begins with the first of the list; elsewhere some of it may have been gone through before.
    if (!failed(attempt) || attempt.server !== order![0]) return false;
    const key = `${lastBelow(goods, attempt.index)} ${startedAt(lives, attempt.at)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function passText(first: Attempt, tried: readonly Attempt[], servers: number): string {
  const reached = new Set<string>();
  const last = tried.find(({ server }) => reached.add(server).size === servers) ?? first;
  return `all ${first.face}s tried within ${formatDuration(last.at - first.at)} from ${formatDuration(first.at)}`;
}
