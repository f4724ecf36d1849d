import { writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { loadCase } from '../case/load.ts';
import { skeleton } from '../case/skeleton.ts';
import { errorText } from '../client/error-text.ts';
import { draftCase } from '../replay/draft/draft-case.ts';
import type { Settings } from '../replay/infer-plan.ts';
import { builtInSuites, shownPath } from './cases.ts';
import { addExtensions, type ExtensionOptions, loadExtensions } from './extensions.ts';
import { makeFolder } from './make-folder.ts';
import { readSession } from './read-session.ts';
import { planFor, readSetting } from './replay.ts';
import { statOf } from './files.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface NewArguments extends ExtensionOptions {
  readonly suites: string;
  readonly from?: string;
  readonly case?: string;
  readonly setting: Settings;
}

const ID = /^(?:[a-z0-9][a-z0-9-]{0,63}\/){1,5}[a-z0-9][a-z0-9-]{0,99}$/;

const HELP = `
Examples:
  meterproof new offline/primary-answers-late
  meterproof new field/monday --from captures/reference-rtm-offline-primary-refuses.jsonl
  meterproof new field/monday --from field.jsonl --setting attempts=5 --setting retryDelay=15m

With --from the play says what happened to the servers, and the expected lines what the client then did: docs/captures.md.
`;

export function addNew(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('new')
    .description(
      'write a case to start from: commented, or what a captured session shows; it is valid as it is',
    )
    .argument('<case>', 'its id: suite/name, such as offline/primary-answers-late')
    .option('--suites <folder>', 'the folder of suites to write to', 'suites')
    .option('--from <capture>', 'a capture, or a trace of a run (.jsonl)')
    .option(
      '--case <case>',
      'with --from: servers, settings and rules as in this case (default: the one that the capture names)',
    )
    .addOption(
      new Option(
        '--setting <key=value>',
        'with --from: a setting of the clients in place of a guess: retryDelay=15m; may be repeated',
      )
        .argParser(readSetting)
        .default({}, 'as the case says, else guessed'),
    );
  addExtensions(command)
    .addHelpText('after', HELP)
    .action(async (name: string, options: NewArguments) => {
      const { cwd } = surroundings;
      const { suites, from } = options;
      const id = name.replace(/^(?:\.\/)?suites\//, '').replace(/\.ya?ml$/, '');
      if (!ID.test(id))
        throw new UsageError(
          `"${name}" is no id of a case: write suite/name in small letters, digits and hyphens, such as offline/my-case`,
        );
      const file = join(resolve(cwd, suites), `${id}.yaml`);
      const shown = shownPath(file, cwd);
      if (statOf(file, shown)) throw new UsageError(there(shown));
      const text =
        from === undefined ? skeleton(id) : await drafted(from, id, shown, options, surroundings);
      write(file, text, shown);
      const isBuiltIn = resolve(cwd, suites) === builtInSuites();
      const spoken = options.dialect === undefined ? '' : ` --dialect ${options.dialect}`;
      surroundings.write(`${shown} is written. Then:
  meterproof validate ${shown}${spoken}
  meterproof run ${id}${isBuiltIn ? '' : ` --suites ${suites}`}${spoken}
`);
    });
}

/** The text of a case made from a capture, checked as any case is. */
async function drafted(
  from: string,
  id: string,
  shown: string,
  chosen: NewArguments,
  surroundings: Surroundings,
): Promise<string> {
  // Those of the case to write are not those that a capture names.
  const { suites: _, ...options } = chosen;
  const extensions = await loadExtensions(options, surroundings.cwd);
  const { rules, dialects } = extensions;
  const { trace, dialect } = await readSession(from, extensions, surroundings);
  const plan = planFor(trace, options, surroundings, extensions);
  let text: string;
  try {
    text = draftCase(trace, {
      name: basename(from),
      dialect: plan?.dialect ?? dialect.name,
      ...(dialect.records === false && { records: false }),
      rules,
      settings: options.setting,
      ...(plan && { plan }),
    });
  } catch (error) {
    throw new UsageError(`no case can be made of ${from}: ${errorText(error)}`);
  }
  const known = { rules: new Set(rules.map((rule) => rule.id)), dialects: Object.values(dialects) };
  loadCase(text, shown, known, id);
  return text;
}

function write(file: string, text: string, shown: string): void {
  try {
    makeFolder(dirname(file));
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const why = errorText(error);
    if (why === 'EEXIST') throw new UsageError(there(shown));
    throw new UsageError(`${shown} cannot be written (${why}); name another folder with --suites`);
  }
}

function there(shown: string): string {
  return `${shown} is there already, and stays as it is; choose another name`;
}
