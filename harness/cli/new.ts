import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { skeleton } from '../case/skeleton.ts';
import { errorText } from '../client/error-text.ts';
import { builtInSuites, shownPath } from './cases.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

const ID = /^(?:[a-z0-9][a-z0-9-]{0,63}\/){1,5}[a-z0-9][a-z0-9-]{0,99}$/;

export function addNew(program: Command, surroundings: Surroundings): void {
  program
    .command('new')
    .description('write a commented case to start from; it is valid as it is')
    .argument('<case>', 'its id: suite/name, such as offline/primary-answers-late')
    .option('--suites <folder>', 'the folder of suites to write to', 'suites')
    .action((name: string, { suites }: { suites: string }) => {
      const { cwd } = surroundings;
      const id = name.replace(/^(?:\.\/)?suites\//, '').replace(/\.ya?ml$/, '');
      if (!ID.test(id))
        throw new UsageError(
          `"${name}" is no id of a case: write suite/name in small letters, digits and hyphens, such as offline/my-case`,
        );
      const file = join(resolve(cwd, suites), `${id}.yaml`);
      write(file, skeleton(id), shownPath(file, cwd));
      const isBuiltIn = resolve(cwd, suites) === builtInSuites();
      surroundings.write(`${shownPath(file, cwd)} is written. Then:
  meterproof validate ${shownPath(file, cwd)}
  meterproof run ${id}${isBuiltIn ? '' : ` --suites ${suites}`}
`);
    });
}

function write(file: string, text: string, shown: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const why = errorText(error);
    if (why === 'EEXIST')
      throw new UsageError(`${shown} is there already, and stays as it is; choose another name`);
    throw new UsageError(`${shown} cannot be written (${why}); name another folder with --suites`);
  }
}
