import type { Command } from 'commander';
import { explain } from '../case/explain.ts';
import { addSuites, ANY, chosenCases } from './cases.ts';
import { type ExtensionOptions, loadExtensions } from './extensions.ts';
import type { Surroundings } from './surroundings.ts';

export function addExplain(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('explain')
    .description('tell in prose what a case does, what it expects, and where that is written')
    .argument('<case>', 'id of a case, or its file');
  addSuites(command).action(async (name: string, where: ExtensionOptions & { suites?: string }) => {
    const extensions = await loadExtensions(where, surroundings.cwd);
    const plans = chosenCases([name], { ...ANY, ...where }, surroundings, extensions);
    const rules = new Map(extensions.rules.map((rule) => [rule.id, rule]));
    surroundings.write(plans.map((plan) => explain(plan, rules)).join('\n'));
  });
}
