import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { diffSessions, type Session, type SessionDiff } from '../replay/diff.ts';
import { completed } from '../replay/infer-plan.ts';
import { replayAsJudge } from '../replay/judge-capture.ts';
import { type Palette, palette } from '../report/palette.ts';
import { addSuites } from './cases.ts';
import { statOf } from './files.ts';
import { type ExtensionOptions, type Extensions, loadExtensions } from './extensions.ts';
import { readSession } from './read-session.ts';
import { planFor } from './replay.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface DiffArguments extends ExtensionOptions {
  readonly suites?: string;
  readonly case?: string;
}

const HELP = `
Examples:
  meterproof diff captures/reference-offline-primary-refuses.jsonl captures/reference-rtm-offline-primary-refuses.jsonl
  meterproof diff .meterproof/reference .meterproof/reference-sp4      two builds on one suite, case by case

What is compared: docs/captures.md.
Exit status: 0 no difference; 1 some; 2 wrong use.
`;

export function addDiff(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('diff')
    .description('tell how two sessions, or two folders of traces, differ in what clients did')
    .argument('<before>', 'a capture or trace, or a folder of them')
    .argument('<now>', 'the one to compare with it')
    .option('--case <case>', 'the case of both (default: the one that each file names)');
  addSuites(command)
    .addHelpText('after', HELP)
    .action(async (before: string, now: string, options: DiffArguments) => {
      const { cwd, write, isTerminal } = surroundings;
      const extensions = await loadExtensions(options, cwd);
      const pairs = pairUp(before, now, cwd);
      const colors = palette(isTerminal);
      let different = 0;
      for (const { name, a, b } of pairs) {
        if (a === undefined || b === undefined) {
          different++;
          write(`${name}  only in ${a === undefined ? now : before}\n`);
          continue;
        }
        const was = await sessionOf(a, options, surroundings, extensions);
        const is = await sessionOf(b, options, surroundings, extensions);
        const text = diffText(name, diffSessions(was, is), colors);
        if (text !== '') different++;
        write(text);
      }
      write(`${different} of ${pairs.length} differ\n`);
      done(different > 0 ? 1 : 0);
    });
}

interface Pair {
  readonly name: string;
  readonly a?: string;
  readonly b?: string;
}

function pairUp(before: string, now: string, cwd: string): readonly Pair[] {
  const [isFolder, other] = [before, now].map((path) => {
    const stat = statOf(resolve(cwd, path), path);
    if (!stat) throw new UsageError(`there is no file or folder ${path}`);
    return stat.isDirectory();
  });
  if (isFolder !== other) throw new UsageError(`${before} and ${now}: one is a folder, one a file`);
  if (!isFolder) return [{ name: now, a: before, b: now }];
  const [left, right] = [tracesBelow(before, cwd), tracesBelow(now, cwd)];
  const names = [...new Set([...left, ...right])].toSorted();
  if (names.length === 0) throw new UsageError(`there is no trace (*.jsonl) below ${before}`);
  return names.map((name) => ({
    name,
    ...(left.has(name) && { a: join(before, name) }),
    ...(right.has(name) && { b: join(now, name) }),
  }));
}

function tracesBelow(folder: string, cwd: string): ReadonlySet<string> {
  const root = resolve(cwd, folder);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Set(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
}

async function sessionOf(
  file: string,
  options: DiffArguments,
  surroundings: Surroundings,
  extensions: Extensions,
): Promise<Session> {
  const { trace } = await readSession(file, extensions, surroundings);
  const found = planFor(trace, options, surroundings, extensions);
  const { rules } = extensions;
  const { plan, judgement } = replayAsJudge(trace, { file, rules, ...(found && { plan: found }) });
  const clients = plan.clients.map(({ name }) => name);
  return { plan, judgement, events: completed(trace, clients).events };
}

function diffText(name: string, { major, minor }: SessionDiff, colors: Palette): string {
  if (major.length + minor.length === 0) return '';
  const lines = [colors.bold(name), ...major.map((text) => `  ! ${text}`)];
  return `${[...lines, ...minor.map((text) => `    ${text}`)].join('\n')}\n`;
}
