// A case meets a client: whether they fit, and what the client states of itself.
import type { ClientPlan, Plan } from '../case/plan.ts';
import type { Profile } from '../client/profile.ts';

/** Why that client cannot play that case at all, in a sentence; undefined: it can. */
export function unfit(plan: Plan, { protocol, abilities, upstreams }: Profile): string | undefined {
  const { opaque, dialect, servers, clients, play } = plan;
  if (dialect !== protocol)
    return `the case is written for servers of ${dialect}, and this client speaks ${protocol} (protocol: in its profile)`;
  const alone = opaque ? servers.find((server) => !Object.hasOwn(upstreams, server)) : undefined;
  if (alone !== undefined) return `the profile names no upstream for ${alone}`;
  const needed = [
    ...clients.map(({ mode }) => mode),
    ...(play.some(({ action }) => action.kind === 'kill') ? ['restart' as const] : []),
  ];
  const missing = needed.find((ability) => !abilities.includes(ability));
  if (missing === undefined) return undefined;
  return `the profile of the client has no ability "${missing}"`;
}

/** The case with what the profile of an opaque client states in place of what the case would tell it. */
export function withPolicy(plan: Plan, { policy }: Profile): Plan {
  if (!plan.opaque || !policy) return plan;
  const { order, attemptsPerMinute, attempts, ...durations } = policy;
  const stated = (
    [
      ['retryDelayNs', durations.retryDelay],
      ['connectTimeoutNs', durations.connectTimeout],
      ['answerTimeoutNs', durations.answerTimeout],
    ] as const
  ).filter(([, value]) => value !== 'configured');
  const own = (client: ClientPlan): ClientPlan => ({
    ...client,
    ...(attempts !== 'configured' && { attempts }),
    ...Object.fromEntries(stated),
  });
  return { ...plan, clients: plan.clients.map(own), policy: { order, attemptsPerMinute } };
}
