// The command that plays one case once more, and gives the same trace where time is virtual.
import { join, relative, resolve } from 'node:path';
import { caseId } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { packageRoot } from '../client/package-root.ts';
import { DEFAULT_STALL_MS } from './choose-time.ts';
import { isVirtual, type Mode, modeText } from './mode.ts';

/** Options of the command line that only say where something is, as the user gave them. */
export interface Given {
  /** What their paths start from; default: the working directory of this process. */
  readonly cwd?: string | undefined;
  readonly suites?: string | undefined;
  readonly dialect?: string | undefined;
  readonly rules?: string | undefined;
}

export interface Setting {
  /** As the user named the client. */
  readonly client: string;
  /** The mode that was played in, whoever chose it: what `auto` comes to may differ on another machine. */
  readonly mode: Mode;
  readonly seed: number;
  readonly epochMs: number;
  readonly given?: Given | undefined;
  readonly stallMs?: number | undefined;
  readonly repeat?: number | undefined;
}

/** `meterproof run …`, to be pasted into a shell in the same folder. */
export function againCommand(plan: Plan, setting: Setting): string {
  const { client, mode, seed, epochMs, given = {}, stallMs, repeat = 1 } = setting;
  const { dialect, rules } = given;
  const option = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [`--${name}`, value];
  return [
    'meterproof',
    'run',
    ...caseWords(plan, given),
    ...option('client', client),
    ...option('dialect', dialect),
    ...option('rules', rules),
    ...option('time', modeText(mode)),
    ...option('seed', String(seed)),
    // Elsewhere the date is the machine's, whatever stands here.
    ...option('epoch', isVirtual(mode) ? epochText(epochMs) : undefined),
    ...(stallMs === undefined || stallMs === DEFAULT_STALL_MS
      ? []
      : option('stall', `${stallMs}ms`)),
    ...option('repeat', repeat > 1 ? String(repeat) : undefined),
  ]
    .map(quote)
    .join(' ');
}

/** A case has the same id again, because a trace names it. */
function caseWords(plan: Plan, { suites, cwd = process.cwd() }: Given): readonly string[] {
  const file = resolve(cwd, plan.file);
  if (suites !== undefined)
    return caseId(relative(resolve(cwd, suites), file)) === plan.id
      ? [plan.id, '--suites', suites]
      : [plan.file];
  return file.startsWith(join(packageRoot(), 'suites')) ? [plan.id] : [plan.file];
}

/** As short as `--epoch` takes it. */
function epochText(epochMs: number): string {
  const text = new Date(epochMs).toISOString();
  const day = `${text.slice(0, 10)}T00:00:00.000Z`;
  return text === day ? text.slice(0, 10) : text.replace(/(?::00)?\.\d{3}Z$/, 'Z');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
