// Which cases a command is about: names and filters, and a clear error when they leave nothing.
import { nearest, suggest } from '../case/nearest.ts';
import type { Plan } from '../case/plan.ts';

export interface Filters {
  /** Ids, or last parts of ids. */
  readonly names: readonly string[];
  readonly suite: readonly string[];
  readonly grep: readonly string[];
  readonly source: readonly string[];
  readonly rule: readonly string[];
  readonly pattern: readonly string[];
}

export class SelectionError extends Error {
  override name = 'SelectionError';
}

/**
 * The cases that match one value of every option that was given, in their order.
 * A name, a suite, a source, a rule or a pattern that no case has is an error that names what is near, and so is an
 * empty result: a run of nothing never passes.
 */
export function selectCases(
  plans: readonly Plan[],
  filters: Filters,
  alwaysOnRules: ReadonlySet<string> = new Set(),
): readonly Plan[] {
  if (plans.length === 0) throw new SelectionError('there is no case to select from');
  const named = new Set(filters.names.flatMap((name) => casesNamed(plans, name)));
  const having = [
    has(plans, 'suite', filters.suite, (plan) => [plan.suite]),
    has(plans, 'source', filters.source, (plan) => plan.source),
    has(plans, 'pattern', filters.pattern, (plan) => (plan.pattern ? [plan.pattern] : [])),
    // Every case checks an always-on rule, but a case that names it was written for it.
    has(
      plans,
      'rule',
      filters.rule.filter((rule) => !isOnlyAlwaysOn(plans, rule, alwaysOnRules)),
      (plan) => plan.rules,
    ),
    matches(filters.grep),
  ];
  const selected = plans.filter(
    (plan) => (named.size === 0 || named.has(plan)) && having.every((test) => test(plan)),
  );
  if (selected.length > 0) return selected;
  throw new SelectionError(`no case matches ${describe(filters)}; ${plans.length} were looked at`);
}

/**
 * Suite by suite in the order given, and in each the cases with the fewest steps first, so that the first failure is the most
 * basic one.
 */
export function basicFirst(plans: readonly Plan[]): readonly Plan[] {
  const suites = [...new Set(plans.map(({ suite }) => suite))];
  return plans.toSorted(
    (a, b) => suites.indexOf(a.suite) - suites.indexOf(b.suite) || a.play.length - b.play.length,
  );
}

function casesNamed(plans: readonly Plan[], name: string): readonly Plan[] {
  const wanted = name.replace(/\.ya?ml$/, '').toLowerCase();
  const byId = plans.filter((plan) => plan.id.toLowerCase() === wanted);
  if (byId.length > 0) return byId;
  const byTail = plans.filter((plan) => plan.id.toLowerCase().endsWith(`/${wanted}`));
  if (byTail.length === 1) return byTail;
  if (byTail.length > 1)
    throw new SelectionError(
      `"${name}" names ${byTail.length} cases: ${byTail.map((plan) => plan.id).join(', ')}`,
    );
  const near = nearest(
    name,
    plans.flatMap(({ id }) => [id, id.slice(id.indexOf('/') + 1)]),
  );
  const remedy = near === undefined ? '"meterproof list" shows all' : `did you mean "${near}"?`;
  throw new SelectionError(`there is no case "${name}"; ${remedy}`);
}

type Test = (plan: Plan) => boolean;

function has(
  plans: readonly Plan[],
  what: string,
  wanted: readonly string[],
  of: (plan: Plan) => readonly string[],
): Test {
  const known = new Set(plans.flatMap(of));
  const lower = new Set([...known].map((value) => value.toLowerCase()));
  for (const value of wanted)
    if (!lower.has(value.toLowerCase()))
      throw new SelectionError(
        `no case has the ${what} "${value}"; ${suggest(value, [...known], `${what}s`)}`,
      );
  const asked = new Set(wanted.map((value) => value.toLowerCase()));
  return (plan) => asked.size === 0 || of(plan).some((value) => asked.has(value.toLowerCase()));
}

function matches(texts: readonly string[]): Test {
  const wanted = texts.map((text) => text.toLowerCase());
  return (plan) => {
    const text = `${plan.id}\n${plan.title}`.toLowerCase();
    return wanted.length === 0 || wanted.some((part) => text.includes(part));
  };
}

function isOnlyAlwaysOn(
  plans: readonly Plan[],
  rule: string,
  alwaysOn: ReadonlySet<string>,
): boolean {
  const wanted = rule.toUpperCase();
  return alwaysOn.has(wanted) && !plans.some((plan) => plan.rules.includes(wanted));
}

function describe(filters: Filters): string {
  const options = ['suite', 'grep', 'source', 'rule', 'pattern'] as const;
  const said = options.flatMap((option) => filters[option].map((value) => `--${option} ${value}`));
  return [...filters.names, ...said].join(' ');
}
