/**
 * What a case may ask of a client that is a library behind a host driver (docs/ways-in/library.md), besides programs. Each has
 * at most one argument, the name of a feature.
 */
export const LIBRARY_COMMANDS = [
  'acquire',
  'renew',
  'release',
  'borrow',
  'return',
  'report',
  'suspend',
  'resume',
] as const;
export type LibraryCommand = (typeof LIBRARY_COMMANDS)[number];

export function isLibraryCommand(word: string): word is LibraryCommand {
  return LIBRARY_COMMANDS.some((command) => command === word);
}
