import type { Command } from 'commander';
import { addSuites, namedFiles, readAll } from './cases.ts';
import type { Surroundings } from './surroundings.ts';

export function addValidate(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('validate')
    .description('check case files: each mistake with file, line, column and what would be right')
    .argument('[files...]', 'case files or folders of them; all suites when none is named');
  addSuites(command).action((paths: readonly string[], { suites }: { suites?: string }) => {
    const found = namedFiles(paths, suites, surroundings);
    const plans = readAll(found, surroundings);
    const [only] = plans;
    surroundings.write(
      plans.length === 1 ? `${only!.file}: valid\n` : `${plans.length} cases, all valid\n`,
    );
  });
}
