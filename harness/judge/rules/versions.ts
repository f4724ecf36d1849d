// Several versions of one rule: the latest judges, unless a profile pins another.
import type { Rule } from '../verdict.ts';

/** The latest version of each rule, in the order in which their ids first appear. */
export function latestOf(all: readonly Rule[]): readonly Rule[] {
  const latest = new Map<string, Rule>();
  for (const rule of all) {
    const known = latest.get(rule.id);
    if (!known || known.version < rule.version) latest.set(rule.id, rule);
  }
  return [...latest.values()];
}

/** The versions of a rule that there are, the oldest first; empty for an unknown id. */
export function versionsOf(all: readonly Rule[], id: string): readonly number[] {
  const own = all.filter((rule) => rule.id === id).map(({ version }) => version);
  return [...new Set(own)].toSorted((a, b) => a - b);
}

/** The rules with the pinned versions in place of the latest. What is pinned must be there. */
export function pinnedOf(
  all: readonly Rule[],
  pins: readonly { readonly id: string; readonly version: number }[],
): readonly Rule[] {
  return latestOf(all).map((rule) => {
    const pin = pins.find(({ id }) => id === rule.id);
    return all.find(({ id, version }) => id === pin?.id && version === pin.version) ?? rule;
  });
}
