import type { Command } from 'commander';
import { addSuites, namedFiles, readAll } from './cases.ts';
import { type ExtensionOptions, loadExtensions } from './extensions.ts';
import type { Surroundings } from './surroundings.ts';

type ValidateOptions = ExtensionOptions & { readonly suites?: string };

export function addValidate(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('validate')
    .description('check case files: each mistake with file, line, column and what would be right')
    .argument('[files...]', 'case files or folders of them; all suites when none is named');
  addSuites(command).action(async (paths: readonly string[], options: ValidateOptions) => {
    const extensions = await loadExtensions(options, surroundings.cwd);
    const found = namedFiles(paths, options.suites, surroundings);
    const plans = readAll(found, surroundings, extensions);
    const [only] = plans;
    surroundings.write(
      plans.length === 1 ? `${only!.file}: valid\n` : `${plans.length} cases, all valid\n`,
    );
  });
}
