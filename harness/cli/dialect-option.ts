import type { Dialect } from '../../emulators/emulator.ts';
import { DIALECTS } from '../dialects.ts';
import { loadExtensions } from './extensions.ts';

/** For commands that read a capture, which does not say what its servers speak. */
export const DIALECT_OPTION = [
  '--dialect <dialect>',
  `what the servers speak: ${Object.keys(DIALECTS).join(', ')}, or a module that exports a dialect of your own`,
  'metering',
] as const;

/** Throws a UsageError for what is neither a built-in dialect nor a module that exports one. */
export async function chosenDialect(name: string, cwd: string): Promise<Dialect> {
  if (Object.hasOwn(DIALECTS, name)) return DIALECTS[name]!;
  const { own } = await loadExtensions({ dialect: name }, cwd);
  return own!;
}
