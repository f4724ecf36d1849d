// The cases that a command is about: found, read, filtered.
import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CaseError } from '../case/errors.ts';
import { caseId, findCases, type FoundCase, type Known, readCaseFor } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { packageRoot } from '../client/package-root.ts';
import { shippedProfile } from '../client/resolve.ts';
import { addExtensions, BUILT_IN, type ExtensionOptions, type Extensions } from './extensions.ts';
import { collect } from './options.ts';
import { basicFirst, type Filters, selectCases } from './select.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

export type FilterOptions = Omit<Filters, 'names'> &
  ExtensionOptions & { readonly suites?: string };

/** Every case. */
export const ANY: FilterOptions = { suite: [], grep: [], source: [], rule: [], pattern: [] };

/** True where neither names nor filters leave a case out. */
export function isWhole(names: readonly string[], options: FilterOptions): boolean {
  const { suite, grep, source, rule, pattern } = options;
  return [names, suite, grep, source, rule, pattern].every((words) => words.length === 0);
}

/** Options that several commands have: where the cases are, and which of them. */
export function addFilters(command: Command): Command {
  const repeatable = (flags: string, description: string): Option =>
    new Option(flags, description).argParser(collect).default([], 'any');
  return addSuites(command)
    .addOption(repeatable('--suite <name>', 'cases of that suite (a folder of cases)'))
    .addOption(repeatable('--grep <text>', 'cases with that text in their id or title'))
    .addOption(repeatable('--source <id>', 'cases that rest on that article or clause: Q235786'))
    .addOption(repeatable('--rule <id>', 'cases that exercise that rule: SWM-3'))
    .addOption(repeatable('--pattern <name>', 'cases for that pattern: PRIMARY-FIXATION'));
}

export function addSuites(command: Command): Command {
  return addExtensions(
    command.option('--suites <folder>', 'your own suites in place of the built-in ones'),
  );
}

/**
 * The cases that names and options leave, suite by suite and the basic ones first; case files that are named by their path come last.
 * Throws when a file is wrong, or when no case is left.
 */
export function chosenCases(
  names: readonly string[],
  { suites, dialect: _dialect, rules: _rules, ...filters }: FilterOptions,
  surroundings: Surroundings,
  extensions: Extensions = BUILT_IN,
  protocol = extensions.own?.name ?? 'metering',
): readonly Plan[] {
  const always = new Set(extensions.rules.filter((rule) => rule.always).map((rule) => rule.id));
  const files = names.filter((name) => isCaseFile(resolve(surroundings.cwd, name)));
  const ids = names.filter((name) => !files.includes(name));
  const read = (found: readonly FoundCase[]): readonly Plan[] =>
    readAll(found, surroundings, extensions, protocol);
  const named =
    files.length === 0
      ? []
      : selectCases(
          read(namedFiles(files, suites, surroundings)),
          { ...filters, names: [] },
          always,
        );
  if (files.length > 0 && ids.length === 0) return named;
  const below = read(casesBelow(suites, surroundings));
  return [...basicFirst(selectCases(below, { ...filters, names: ids }, always)), ...named];
}

/**
 * The cases under the dialect of the client's servers. Without a word on which, those that are written for another dialect by
 * name are left out.
 */
export function casesFor(
  protocol: string,
  names: readonly string[],
  options: FilterOptions,
  surroundings: Surroundings,
  extensions: Extensions = BUILT_IN,
): readonly Plan[] {
  const plans = chosenCases(names, options, surroundings, extensions, protocol);
  const isChosen =
    names.length > 0 ||
    [options.suite, options.grep, options.source, options.rule, options.pattern].some(
      (values) => values.length > 0,
    );
  const isFitting = ({ dialect }: Plan): boolean => dialect === protocol;
  if (isChosen || plans.every(isFitting)) return plans;
  if (plans.some(isFitting))
    return plans.filter((plan) => isFitting(plan) || plan.misfit !== undefined);
  throw new UsageError(
    `no case is written for servers of ${protocol}; write some (dialect: ${protocol}) and name their folder with --suites`,
  );
}

/** Case files and folders of them, by path; without any, those of the suites folder. */
export function namedFiles(
  paths: readonly string[],
  suites: string | undefined,
  surroundings: Surroundings,
): readonly FoundCase[] {
  if (paths.length === 0) return casesBelow(suites, surroundings);
  return paths.flatMap((path) => {
    const absolute = resolve(surroundings.cwd, path);
    if (!existsSync(absolute)) throw new UsageError(`there is no file or folder ${path}`);
    if (statSync(absolute).isDirectory()) return casesBelow(path, surroundings);
    return [{ id: caseId(absolute), file: absolute }];
  });
}

/** Reads all of them; everything that is wrong with any of them is one CaseError. */
export function readAll(
  found: readonly FoundCase[],
  { cwd }: Surroundings,
  extensions: Extensions = BUILT_IN,
  protocol = extensions.own?.name ?? 'metering',
): readonly Plan[] {
  const areBuiltIn = found.every(({ file }) => file.startsWith(builtInSuites()));
  const known: Known = {
    rules: new Set(extensions.rules.map((rule) => rule.id)),
    dialects: Object.values(extensions.dialects),
    // Cases of one's own may catch bugs of a client of one's own.
    ...(areBuiltIn && { bugs: new Set(VARIED.flatMap((name) => shippedProfile(name).bugs)) }),
  };
  const plans: Plan[] = [];
  const problems = found.flatMap(({ id, file }) => {
    try {
      plans.push(readCaseFor(protocol, file, known, id, shownPath(file, cwd)));
      return [];
    } catch (error) {
      if (error instanceof CaseError) return error.problems;
      throw error;
    }
  });
  if (problems.length > 0) throw new CaseError(problems);
  return plans;
}

/** Clients with broken variants, which the built-in cases may claim to catch. */
const VARIED = ['reference', 'relay'];

export function builtInSuites(): string {
  return join(packageRoot(), 'suites');
}

function casesBelow(folder: string | undefined, { cwd }: Surroundings): readonly FoundCase[] {
  const absolute = folder === undefined ? builtInSuites() : resolve(cwd, folder);
  const shown = folder ?? shownPath(absolute, cwd);
  if (!existsSync(absolute) || !statSync(absolute).isDirectory())
    throw new UsageError(`there is no folder ${shown}`);
  const found = findCases(absolute);
  if (found.length === 0)
    throw new UsageError(
      `there is no case (*.yaml) below ${shown}; "meterproof new offline/my-case" writes one`,
    );
  return found;
}

function isCaseFile(path: string): boolean {
  return /\.ya?ml$/.test(path) && existsSync(path) && statSync(path).isFile();
}

/** Short where that is possible: a path below the working directory. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
