// A case meets a client: whether they fit, and what the client states of itself.
import type { ClientPlan, Plan, StatedPhase } from '../case/plan.ts';
import { type PhaseFile, PHASES } from '../client/policy-schema.ts';
import type { Profile } from '../client/profile.ts';

/** Why that client cannot play that case at all, in a sentence; undefined: it can. */
export function unfit(plan: Plan, profile: Profile): string | undefined {
  const { protocol, abilities, upstreams, upstreamCommands } = profile;
  const { opaque, dialect, servers, clients, play, misfit } = plan;
  if (dialect !== protocol && misfit !== undefined)
    return `the servers of the client speak ${protocol}: ${misfit}`;
  if (dialect !== protocol)
    return `the case is written for servers of ${dialect}, and this client speaks ${protocol} (protocol: in its profile)`;
  const alone = opaque
    ? servers.find((server) => !Object.hasOwn({ ...upstreams, ...upstreamCommands }, server))
    : undefined;
  if (alone !== undefined) return `the profile names no upstream for ${alone}`;
  const needed = [
    ...clients.map(({ mode }) => mode),
    ...(play.some(({ action }) => action.kind === 'kill') ? ['restart' as const] : []),
    // Who states a spread of its own need not be told of one.
    ...(clients.some(({ retryJitter }) => retryJitter !== undefined) &&
    profile.policy?.jitter === undefined
      ? ['jitter' as const]
      : []),
    ...(clients.some(({ spoolRecords }) => spoolRecords !== undefined)
      ? ['spool-limit' as const]
      : []),
  ];
  const missing = needed.find((ability) => !abilities.includes(ability));
  if (missing === undefined) return undefined;
  return `the profile of the client has no ability "${missing}"`;
}

/** The case with what the profile of the client states in place of what the case would tell it. */
export function withPolicy(plan: Plan, { policy }: Profile): Plan {
  if (!policy) return plan;
  const { order, attemptsPerMinute, attempts, records } = policy;
  const stated = (
    [
      ['attempts', attempts],
      ['retryDelayNs', policy.retryDelay],
      ['connectTimeoutNs', policy.connectTimeout],
      ['answerTimeoutNs', policy.answerTimeout],
      ['retryJitter', policy.jitter],
    ] as const
  ).filter(([, value]) => value !== undefined && value !== 'configured');
  const own = (client: ClientPlan): ClientPlan => ({ ...client, ...Object.fromEntries(stated) });
  const phases = Object.fromEntries(
    PHASES.flatMap((name) => (policy[name] ? [[name, statedPhase(policy[name])]] : [])),
  );
  return {
    ...plan,
    clients: plan.clients.map(own),
    policy: {
      order,
      ...(attemptsPerMinute !== undefined && { attemptsPerMinute }),
      ...(records && { records }),
      phases,
    },
  };
}

/** Under the names of a plan, which say the unit; what is left out is not there. */
function statedPhase(phase: PhaseFile): StatedPhase {
  const { retryDelay, connectTimeout, handshakeTimeout, answerTimeout, idleInterval } = phase;
  const { order, attempts, jitter, sticky, failback, probes } = phase;
  const all = {
    order,
    attempts,
    gapNs: retryDelay,
    jitter,
    connectNs: connectTimeout,
    handshakeNs: handshakeTimeout,
    answerNs: answerTimeout,
    idleNs: idleInterval,
    sticky,
    failback,
    probes,
    provedAfterNs: phase.provedAfter,
    everyNs: phase.every,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
