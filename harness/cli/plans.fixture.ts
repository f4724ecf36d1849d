import type { Plan } from '../case/plan.ts';

/** A plan with nothing to play, for tests of the command line. */
export function planOf(id: string, changes: Partial<Plan> = {}): Plan {
  return {
    id,
    suite: id.split('/')[0]!,
    file: `suites/${id}.yaml`,
    title: `title of ${id}`,
    source: ['Q235786'],
    rules: [],
    dialect: 'metering',
    servers: ['alpha', 'bravo'],
    clients: [],
    seats: {},
    forbidden: [],
    toleranceNs: 1_000_000_000n,
    play: [],
    expect: [],
    never: [],
    catches: [],
    timedOutAfterNs: 7_200_000_000_000n,
    ...changes,
  };
}
