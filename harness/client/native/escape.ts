import { HarnessError } from '../process.ts';
import { programOf, threadGone } from './procfs.ts';
import { examine } from './program.ts';

export function escaped(why: string): HarnessError {
  return new HarnessError(`escaped: ${why} (time modes that work: scaled, real)`);
}

/**
 * A program that the shim did not get into shows itself by its file, or by having ended without a word. Undefined: nothing speaks
 * for that yet. `isOurs`: its hello has come, or need not come any more.
 */
export function whyEscaped(id: number, program: string, isOurs: () => boolean): string | undefined {
  const verdict = whyNotFollowed(id);
  if (verdict !== undefined) return verdict;
  // Its hello may have come in the meantime.
  if (!threadGone(id, id) || isOurs()) return undefined;
  const reason = program.includes('/') ? examine(program) : undefined;
  return `${program || 'a child'} ${typeof reason === 'string' ? reason : 'ran without the shim'}`;
}

/** Why the program that a process runs cannot be followed, although the shim may be in it; undefined when it can be. */
export function whyNotFollowed(id: number): string | undefined {
  const running = programOf(id);
  const verdict = running === undefined ? undefined : examine(running);
  return typeof verdict === 'string' ? `${running} ${verdict}` : undefined;
}
