import { basename } from 'node:path';

const RUNNERS = new Set(['npx', 'npm', 'pnpm', 'pnpx', 'yarn', 'bunx']);
/** They are told another folder by it. */
const ELSEWHERE = /^(--prefix|--cwd|--dir|-C)(=|$)/;
const TSX = '[node, --import, "{here}/node_modules/tsx/dist/loader.mjs", "{here}/client.ts"]';

/** What to name in a profile in place of a program that only starts the client; undefined: it is none that we know. */
export function launcherHint(command: readonly string[]): string | undefined {
  const [program = '', script = ''] = command;
  const name = basename(program).replace(/\.(cmd|exe)$/, '');
  if (RUNNERS.has(name) && !command.some((word) => ELSEWHERE.test(word)))
    return (
      `${name} looks for programs in the work folder of the case, where none is installed, and then asks a registry: ` +
      `let the command name the program itself, for TypeScript ${TSX}`
    );
  if (name === 'tsx' || /\btsx\/dist\/cli\.\w+$/.test(script))
    return `tsx starts the client as a process of its own, beside its compiler: let the command be ${TSX}`;
  return undefined;
}
