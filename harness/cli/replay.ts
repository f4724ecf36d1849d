import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseSetting, type Settings } from '../replay/infer-plan.ts';
import { readSession } from './read-session.ts';
import { replayAsJudge, type Replayed, unmet } from '../replay/judge-capture.ts';
import type { Plan } from '../case/plan.ts';
import type { Profile } from '../client/profile.ts';
import { resolveClient } from '../client/resolve.ts';
import { errorText } from '../client/error-text.ts';
import { type Palette, palette } from '../report/palette.ts';
import { PAINT } from '../report/verdict-text.ts';
import { rulesFor } from '../run/rules-for.ts';
import { DEFAULT_STALL_MS } from '../run/choose-time.ts';
import type { Trace } from '../trace/event.ts';
import { TraceFileError } from '../trace/file.ts';
import { formatEvent } from '../trace/format.ts';
import { addSuites, ANY, chosenCases } from './cases.ts';
import { inputFile } from './files.ts';
import { type ExtensionOptions, type Extensions, loadExtensions } from './extensions.ts';
import { collect, parseEpoch, parseSeed, parseStall, parseTime } from './options.ts';
import { replayAs, type ReplayAsOptions } from './replay-as.ts';
import { speaking } from './run.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

interface ReplayArguments extends ExtensionOptions, Omit<ReplayAsOptions, 'as'> {
  readonly as?: 'servers' | 'client';
  readonly case?: string;
  readonly expect?: true;
  readonly rule: readonly string[];
  readonly setting: Settings;
  readonly suites?: string;
}

const HELP = `
Examples:
  meterproof replay captures/*.jsonl --expect             does each get the verdict that it carries?
  meterproof replay field.jsonl                           which rules did the client in the field break, and at which line?
  meterproof replay field.jsonl --case offline/primary-refuses
  meterproof replay field.jsonl --rule SF-1 --setting attempts=5 --setting retryDelay=15m
  meterproof replay field.jsonl --client ./my-client.yaml by the ways that the profile states; a known failure is none
  meterproof replay field.jsonl --as servers --client ./my-client.yaml
                                                          what does your build do where the recorded one did that?
  meterproof replay field.jsonl --as client               what would the emulated servers have answered?
  meterproof replay field.jsonl --as client --server alpha=127.0.0.1:7280/share

A packet capture is made a trace with "meterproof import". What is inferred where there is no case: docs/captures.md;
the two ways of --as: docs/replay.md.
Exit status: 0 nothing but known failures is broken, with --expect every expectation is met, with --as no difference; 1 otherwise; 2 could not
tell, a request that the capture never saw, or wrong use.
`;

export function addReplay(
  program: Command,
  surroundings: Surroundings,
  done: (status: number) => void,
): void {
  const command = program
    .command('replay')
    .description('judge recorded sessions, or play one side of them again')
    .argument('<files...>', 'captures, or traces of a run (.jsonl)')
    .option('--case <case>', 'judge by this case (default: the one that the file names)')
    .option('--expect', 'judge the session against the verdicts that it carries')
    .addOption(
      new Option('--rule <id>', 'judge by this rule alone; may be repeated')
        .argParser(collect)
        .default([], 'those of the case, and those that always hold'),
    )
    .addOption(
      new Option(
        '--setting <key=value>',
        'a setting of the clients where there is no case: retryDelay=15m; may be repeated',
      )
        .argParser(readSetting)
        .default({}, 'those of a case that says nothing'),
    )
    .addOption(
      new Option(
        '--as <side>',
        'play this side again: servers, to a client build; client, to emulated or real servers (default: only judge)',
      ).choices(['servers', 'client']),
    )
    .option(
      '--client <client>',
      'the client that was recorded: its profile states its ways and known failures; with --as servers the client build to play to, as for run (default: reference)',
    )
    .addOption(
      new Option(
        '--server <name=host[:port/face]>',
        'with --as client: a real server; may be repeated (default: emulated ones)',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--time <mode>',
        'with --as: auto, virtual, in-process, scaled:N, or real: the recorded pace (default: auto)',
      ).argParser(parseTime),
    )
    .option('--seed <number>', 'with --as: seed of everything random', parseSeed, 1)
    .addOption(
      new Option(
        '--epoch <date>',
        'with --as servers: date of case time 0 (default: that of the capture)',
      ).argParser(parseEpoch),
    )
    .addOption(
      new Option(
        '--stall <time>',
        'with --as servers: real time that a client in virtual time may work without a rest',
      )
        .argParser(parseStall)
        .default(DEFAULT_STALL_MS, '30s'),
    )
    .option('--out <folder>', 'with --as servers: where the new trace is written', '.meterproof');
  addSuites(command)
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], options: ReplayArguments) => {
      const judged = options.as === undefined ? options.client : undefined;
      const { extensions, profile } = await judgedBy(judged, options, surroundings);
      const unknown = options.rule.find((id) => !extensions.rules.some((rule) => rule.id === id));
      if (unknown !== undefined) throw new UsageError(`there is no rule ${unknown}`);
      const { as } = options;
      if (as !== undefined && options.expect)
        throw new UsageError('--expect is about verdicts; with --as two sessions are compared');
      if (as === undefined && options.server.length > 0)
        throw new UsageError('--server needs --as client');
      const sources = {
        extensions,
        path: (file: string) => inputFile(file, surroundings.cwd),
        plan: (trace: Trace, among: Extensions) => planFor(trace, options, surroundings, among),
      };
      const statuses: number[] = [];
      for (const file of files)
        statuses.push(
          as === undefined
            ? await replayFile(file, options, { extensions, profile }, surroundings)
            : await replayAs(file, { ...options, as }, sources, surroundings),
        );
      done(statuses.includes(1) ? 1 : Math.max(...statuses));
    });
}

export function readSetting(text: string, before: Settings): Settings {
  try {
    return { ...before, ...parseSetting(text) };
  } catch (error) {
    throw new InvalidArgumentError(errorText(error));
  }
}

interface JudgedBy {
  readonly extensions: Extensions;
  /** Of the client that was recorded, where it is named. */
  readonly profile: Profile | undefined;
}

/** A profile names its protocol, and may pin versions of rules. */
async function judgedBy(
  spec: string | undefined,
  options: ReplayArguments,
  surroundings: Surroundings,
): Promise<JudgedBy> {
  const { cwd, searchPath } = surroundings;
  if (spec === undefined)
    return { extensions: await loadExtensions(options, cwd), profile: undefined };
  const resolved = resolveClient(spec, { cwd, searchPath });
  const { client, extensions } = await speaking(resolved, options, surroundings);
  const { profile } = client;
  const own = extensions.dialects[profile.protocol]!;
  const rules = rulesFor(profile, extensions.rules);
  return { extensions: { ...extensions, own, rules }, profile };
}

async function replayFile(
  file: string,
  options: ReplayArguments,
  { extensions, profile }: JudgedBy,
  surroundings: Surroundings,
): Promise<number> {
  const { write, isTerminal } = surroundings;
  const { trace } = await readSession(file, extensions, surroundings);
  const plan = planFor(trace, options, surroundings, extensions);
  const replayed = replayAsJudge(trace, {
    file,
    ...(plan && { plan }),
    settings: options.setting,
    rules: extensions.rules,
    only: options.rule,
    ...(profile && { profile }),
  });
  const colors = palette(isTerminal);
  if (options.expect) {
    const expected = trace.header.capture?.expect;
    if (!expected) throw new TraceFileError(`${file}:1: it carries no "capture.expect"`);
    const wrong = unmet(expected, replayed.judgement);
    write(
      `${wrong.length === 0 ? colors.green('as expected') : colors.red('NOT AS EXPECTED')}  ${file}  ${expected.verdict}\n`,
    );
    for (const text of wrong) write(`  ${text}\n`);
    return wrong.length === 0 ? 0 : 1;
  }
  write(replayText(file, trace, replayed, colors));
  const { verdict, known } = replayed.judgement;
  if (verdict === 'pass' || known !== undefined) return 0;
  return verdict === 'fail' ? 1 : 2;
}

/** The case that is named, or that the file names; undefined: there is none. */
export function planFor(
  { header }: Trace,
  { case: named, suites }: Pick<ReplayArguments, 'case' | 'suites'>,
  surroundings: Surroundings,
  extensions: Extensions,
): Plan | undefined {
  const filters = { ...ANY, ...(suites !== undefined && { suites }) };
  if (named === undefined) {
    const all = chosenCases([], filters, surroundings, extensions);
    return all.find(({ id }) => id === header.case);
  }
  const [plan, second] = chosenCases([named], filters, surroundings, extensions);
  if (second) throw new UsageError(`"${named}" are several cases; name one`);
  return plan;
}

function replayText(file: string, trace: Trace, replayed: Replayed, colors: Palette): string {
  const { plan, isInferred, judgement } = replayed;
  const { verdict, reason, findings, rules, known } = judgement;
  const by = isInferred
    ? `by the rules alone: servers ${plan.servers.join(', ')}; ${plan.clients.map(({ name, mode }) => `${name} ${mode}`).join(', ')}`
    : `by ${plan.id}`;
  const lines = [`${PAINT[verdict](colors)(verdict.toUpperCase())}  ${file}  ${by}`];
  if (known !== undefined) lines.push(`  a known failure: ${known}`);
  if (reason !== undefined && (findings.length === 0 || verdict === 'error'))
    lines.push(`  ${reason}`);
  for (const finding of findings) {
    const line = replayed.lineOf(finding);
    const event = line === undefined ? undefined : trace.events[line - 2];
    const source = finding.source === undefined ? '' : ` (${finding.source})`;
    lines.push(
      `  ${colors.bold(finding.what)}  ${finding.claim.replaceAll(/\s+/g, ' ')}${source}`,
      `    expected  ${finding.expected}`,
      `    came      ${finding.actual}`,
      ...(event ? [`    ${file}:${line}  ${formatEvent(event)}`] : []),
    );
  }
  const kept = rules.filter(({ state }) => state === 'kept').map(({ id }) => id);
  const open = rules.filter(({ state }) => state === 'could-not-tell').map(({ id }) => id);
  if (kept.length > 0) lines.push(`  kept: ${kept.join(', ')}`);
  if (open.length > 0) lines.push(`  could not tell: ${open.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
