import type { Command } from 'commander';
import { addFilters, chosenCases, type FilterOptions } from './cases.ts';
import { loadExtensions } from './extensions.ts';
import type { Surroundings } from './surroundings.ts';

export function addList(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('list')
    .description('print the ids of cases, one a line')
    .argument('[cases...]', 'ids of cases; all when none is named');
  addFilters(command).action(async (names: readonly string[], options: FilterOptions) => {
    const extensions = await loadExtensions(options, surroundings.cwd);
    const plans = chosenCases(names, options, surroundings, extensions);
    surroundings.write(plans.map((plan) => `${plan.id}\n`).join(''));
  });
}
