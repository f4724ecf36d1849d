import type { Command } from 'commander';
import { explain } from '../case/explain.ts';
import { RULES } from '../judge/rules/index.ts';
import { addSuites, ANY, chosenCases } from './cases.ts';
import type { Surroundings } from './surroundings.ts';

export function addExplain(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('explain')
    .description('tell in prose what a case does, what it expects, and where that is written')
    .argument('<case>', 'id of a case, or its file');
  addSuites(command).action((name: string, { suites }: { suites?: string }) => {
    const where = suites === undefined ? {} : { suites };
    const plans = chosenCases([name], { ...ANY, ...where }, surroundings);
    const rules = new Map(RULES.map((rule) => [rule.id, rule]));
    surroundings.write(plans.map((plan) => explain(plan, rules)).join('\n'));
  });
}
