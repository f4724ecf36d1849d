// Dialects and rules of one's own: modules loaded by path, from outside of this package. Only what the user names on the
// command line or in a profile is ever loaded: a case file is data and runs nothing.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { tsImport } from 'tsx/esm/api';
import { z } from 'zod';
import type { Dialect } from '../../emulators/emulator.ts';
import { errorText } from '../client/error-text.ts';
import { HarnessError } from '../client/process.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Rule } from '../judge/verdict.ts';
import { statOf } from './files.ts';
import { UsageError } from './surroundings.ts';

export interface Extensions {
  readonly dialects: Readonly<Record<string, Dialect>>;
  readonly rules: readonly Rule[];
  /** The dialect that was named. */
  readonly own?: Dialect;
  /** Its path as it was named, by its name. */
  readonly modules?: Readonly<Record<string, string>>;
}

export interface ExtensionOptions {
  /** Name of a built-in dialect, or path of a module that exports one. */
  readonly dialect?: string;
  /** Path of a module that exports an array of `Rule`. */
  readonly rules?: string;
}

export const BUILT_IN: Extensions = { dialects: DIALECTS, rules: RULES };

export function addExtensions(command: Command): Command {
  return command
    .option(
      '--dialect <dialect>',
      'relay, opaque, or a module that exports a dialect of your own: ./my-dialect.ts',
    )
    .option('--rules <file>', 'a module that exports rules of your own: ./my-rules.ts');
}

/** The built-in dialects and rules, and those of the modules. Throws a UsageError that says what such a module exports. */
export async function loadExtensions(
  { dialect, rules }: ExtensionOptions,
  cwd: string,
): Promise<Extensions> {
  const own = dialect === undefined ? undefined : await namedDialect(dialect, cwd);
  const more = rules === undefined ? [] : await loadRules(rules, cwd);
  return {
    dialects: own ? { ...DIALECTS, [own.name]: own } : DIALECTS,
    rules: [...RULES, ...more],
    ...(own && { own }),
    // What is built in is ours: its mistakes keep their stacks.
    ...(own && !Object.hasOwn(DIALECTS, own.name) && { modules: { [own.name]: dialect! } }),
  };
}

async function namedDialect(name: string, cwd: string): Promise<Dialect> {
  return Object.hasOwn(DIALECTS, name) ? DIALECTS[name]! : loadDialect(name, cwd);
}

async function loadDialect(path: string, cwd: string): Promise<Dialect> {
  const exported = await exportsOf(path, cwd, '--dialect, or protocol: in the profile');
  const found = exported.map((value) => dialectSchema.safeParse(value));
  const [right, ...others] = found.filter(({ success }) => success);
  if (!right?.data)
    throw new UsageError(
      `${path} exports no dialect: ${nearest(found)}; it needs { name, faces: [{ name, transport: "tcp" or "http", port: 1024 to 32767, answerFaults }], create(host, setup) } (docs/ways-in/dialect.md)`,
    );
  if (others.length > 0) throw new UsageError(`${path} exports several dialects; export one`);
  const { name } = right.data;
  if (Object.hasOwn(DIALECTS, name))
    throw new UsageError(`${path}: "${name}" is the name of a built-in dialect; choose another`);
  return right.data;
}

async function loadRules(path: string, cwd: string): Promise<readonly Rule[]> {
  const exported = await exportsOf(path, cwd, '--rules');
  const found = exported.map((value) => rulesSchema.safeParse(value));
  const rules = found.find(({ success }) => success)?.data;
  if (!rules)
    throw new UsageError(
      `${path} exports no rules: ${nearest(found)}; it needs an array of { id, version, obligation, source, always, check(input) } (docs/ways-in/dialect.md)`,
    );
  const ids = [...RULES, ...rules].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined)
    throw new UsageError(`${path}: there are two rules with the id ${twice}`);
  return rules.map((rule) => guarded(rule, path));
}

const STATES: readonly unknown[] = ['kept', 'broken', 'could-not-tell'];

/** What a rule of the user's throws, or says in place of a verdict, is told with its name. */
function guarded(rule: Rule, path: string): Rule {
  const wrong = (why: string): HarnessError =>
    new HarnessError(`the rule ${rule.id} of ${path} ${why}`);
  return {
    ...rule,
    check(input) {
      let verdict: ReturnType<Rule['check']> | undefined;
      try {
        verdict = rule.check(input);
      } catch (error) {
        throw wrong(`has thrown: ${error instanceof Error ? error.message : errorText(error)}`);
      }
      if (!STATES.includes(verdict?.state)) throw wrong(`says none of ${STATES.join(', ')}`);
      return verdict;
    },
  };
}

/** What a module exports, also where it was turned into CommonJS on the way. */
async function exportsOf(path: string, cwd: string, option: string): Promise<readonly unknown[]> {
  const absolute = resolve(cwd, path);
  const stat = statOf(absolute, path);
  if (!stat) throw new UsageError(`there is no file ${path} (${option})`);
  if (!stat.isFile()) throw new UsageError(`${path} is no plain file: name a module (${option})`);
  let module: Record<string, unknown>;
  try {
    module = await load(absolute);
  } catch (error) {
    const why = error instanceof Error ? error.message : errorText(error);
    throw new UsageError(`${path} cannot be loaded: ${why} (${option})`);
  }
  const inner = module['default'];
  const nested = typeof inner === 'object' && inner !== null ? Object.values(inner) : [];
  // A module that exports nothing has an empty one of these, which is no attempt at anything.
  const isEmpty = (value: unknown): boolean =>
    value === inner && typeof inner === 'object' && Reflect.ownKeys(inner ?? {}).length === 0;
  return [...new Set([...Object.values(module), ...nested])].filter((value) => !isEmpty(value));
}

async function load(absolute: string): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(absolute);
  const isNative =
    /\.[cm]?js$/.test(absolute) ||
    ('typescript' in process.features && process.features.typescript);
  const module: unknown = isNative ? await import(href) : await tsImport(href, import.meta.url);
  return z.record(z.string(), z.unknown()).parse({ ...(module as object) });
}

const action = <T>(what: string) =>
  z.custom<T>((value) => typeof value === 'function', { error: `${what} is no function` });
const word = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);

const dialectSchema = z
  .looseObject({
    name: word,
    faces: z
      .array(
        z.looseObject({
          name: z.string().regex(/^[a-z]{1,30}$/),
          transport: z.enum(['tcp', 'http']),
          // Below the ports that systems give to connections.
          port: z.int().min(1024).max(32_767),
          answerFaults: z.record(z.string(), z.array(z.string())),
          asks: z.record(z.string(), z.array(z.string())).optional(),
        }),
      )
      .min(1)
      .max(8)
      .refine((faces) => new Set(faces.map(({ name }) => name)).size === faces.length)
      .refine((faces) => new Set(faces.map(({ port }) => port)).size === faces.length),
    create: action<Dialect['create']>('create'),
  })
  // The object itself: methods need their `this`.
  .transform((_read, context) => context.value as unknown)
  .pipe(z.custom<Dialect>());

const rulesSchema = z
  .array(
    z.looseObject({
      id: z.string().regex(/^[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+$/),
      version: z.int().min(1),
      obligation: z.string().min(1),
      source: z.string().min(1),
      always: z.boolean(),
      check: action<Rule['check']>('check'),
    }),
  )
  .min(1)
  .max(1000);

interface Checked {
  readonly success: boolean;
  readonly error?: z.ZodError | undefined;
}

/** What is wrong with the export that is most like one. */
function nearest(found: readonly Checked[]): string {
  const [best] = found
    .flatMap(({ error }) => (error ? [error.issues] : []))
    .filter((issues) => !issues.some(({ path }) => path.length === 0))
    .toSorted((a, b) => a.length - b.length);
  const [issue] = best ?? [];
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'nothing in it is like one';
}
