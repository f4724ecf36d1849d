import { basename } from 'node:path';

/** True for a command that starts Node itself: such a client is put into virtual time by a preload, not by the native shim. */
export function isNode([program = '']: readonly string[]): boolean {
  return program === process.execPath || /^node(\.exe)?$/.test(basename(program));
}
