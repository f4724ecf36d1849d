import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { explain } from '../case/explain.ts';
import { RULES } from '../judge/rules/index.ts';
import { addSuites, chosenCases, namedFiles, readAll } from './cases.ts';
import type { Surroundings } from './surroundings.ts';

const EVERYTHING = { suite: [], grep: [], source: [], rule: [], pattern: [] };

export function addExplain(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('explain')
    .description('tell in prose what a case does, what it expects, and where that is written')
    .argument('<case>', 'id of a case, or its file');
  addSuites(command).action((name: string, { suites }: { suites?: string }) => {
    const isFile = /\.ya?ml$/.test(name) && existsSync(resolve(surroundings.cwd, name));
    const plans = isFile
      ? readAll(namedFiles([name], undefined, surroundings), surroundings, false)
      : chosenCases(
          [name],
          { ...EVERYTHING, ...(suites !== undefined && { suites }) },
          surroundings,
        );
    const rules = new Map(RULES.map((rule) => [rule.id, rule]));
    surroundings.write(plans.map((plan) => explain(plan, rules)).join('\n'));
  });
}
