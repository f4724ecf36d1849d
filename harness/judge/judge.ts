// The judge: a plan and a trace in, a verdict out. Nothing else is looked at.
import { LIBRARY_COMMANDS } from '../case/commands.ts';
import type { ExpectLine, Plan } from '../case/plan.ts';
import type { Nanos } from '../clock/clock.ts';
import { formatDuration, parseDuration } from '../clock/duration.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { checkExpect, type Missed } from './expect/check.ts';
import { checkNever } from './expect/never.ts';
import { checkClaim, type Ledger, ledgerOf } from './ledger.ts';
import { closestRace } from './race.ts';
import { inRoundTimes } from './rounded.ts';
import { RULES } from './rules/index.ts';
import type { Finding, Judgement, Rule, RuleVerdict, Verdict } from './verdict.ts';
import { viewOf } from './view/view.ts';

export interface JudgeOptions {
  /** Default: the built-in ones. */
  readonly rules?: readonly Rule[];
}

/** What was found, and what could not be told, before a verdict is made of it. */
interface Evidence {
  /** In the order: expect, never, ledger, rules, contract. */
  readonly findings: readonly Finding[];
  /** Why something that the case claims could not be told. */
  readonly doubts: readonly string[];
  readonly rules: readonly RuleVerdict[];
  readonly ledger: Ledger;
}

/** Events that only an observer sees. */
const UNSEEN: ReadonlySet<string> = new Set(['refused', 'unanswered']);
/** Findings that an ability which the client lacks explains: what the case says of a play that was not played. */
const CONSEQUENCES: ReadonlySet<string> = new Set(['expect', 'never', 'ledger']);

export function judge(plan: Plan, trace: Trace, { rules = RULES }: JudgeOptions = {}): Judgement {
  const judgement = judgeExactly(plan, trace, rules);
  return trace.header.time === 'virtual' ? judgement : inRoundTimes(judgement);
}

function judgeExactly(plan: Plan, trace: Trace, known: readonly Rule[]): Judgement {
  const { lateness } = trace.header;
  const jitterNs = durationOf(lateness?.jitter);
  const launchNs = durationOf(lateness?.launch);
  const { findings, doubts, rules, ledger } = gather(plan, trace, known);
  const unsupported = unsupportedAbility(trace.events);
  const told =
    unsupported === undefined ? findings : findings.filter(({ what }) => !CONSEQUENCES.has(what));
  const explained = ({ sinceStart }: Finding): Nanos =>
    2n * jitterNs + (sinceStart ? launchNs : 0n);
  const shaky = told.filter(
    (finding) => finding.marginNs !== undefined && finding.marginNs < explained(finding),
  );
  const firm = told.find((finding) => !shaky.includes(finding));
  const end = (verdict: Verdict, reason: string): Judgement => ({
    verdict,
    reason,
    findings: told,
    rules,
    ledger,
  });
  if (firm) return end('fail', shortly(firm));
  if (unsupported !== undefined)
    return end('unsupported', `the client does not support ${unsupported}`);
  const [late] = shaky;
  if (late)
    return end(
      'inconclusive',
      `${late.what}: it hangs on ${formatDuration(late.marginNs!)}, and the machine was up to ${formatDuration(jitterNs)} late` +
        (late.sinceStart ? `, and the client took up to ${formatDuration(launchNs)} to start` : ''),
    );
  if (doubts.length > 0) return end('inconclusive', doubts.join('; '));
  return { verdict: 'pass', findings: [], rules, ledger };
}

function durationOf(text = '0s'): Nanos {
  return parseDuration(text) ?? 0n;
}

function gather(plan: Plan, { header, events, cutOff }: Trace, known: readonly Rule[]): Evidence {
  const view = viewOf(plan, events);
  const ledger = ledgerOf(view, header);
  const seesAttempts = header.observer !== 'none';
  const endIndex = events.findIndex(({ event }) => event === 'end');
  const played = endIndex < 0 ? events : events.slice(0, endIndex + 1);
  const whole = endIndex >= 0;
  const findings: Finding[] = [];
  const doubts: string[] = [];

  const after = whole ? events.slice(endIndex + 1) : [];
  const { finding, missed, matcher } = checkExpect(plan.expect, played, whole, after);
  const unseen = seesAttempts
    ? undefined
    : linesOf(plan).find(({ pattern }) => UNSEEN.has(pattern.event));
  if (unseen) doubts.push(unobserved(unseen.position.line, unseen.pattern.event));
  else if (finding) findings.push(unlessRaced(finding, events, played.length, missed));
  for (const line of plan.never) {
    const found = checkNever(line, matcher, played);
    if (found) findings.push(unlessRaced(found, events, played.length));
    else if (!seesAttempts && UNSEEN.has(line.pattern.event))
      doubts.push(unobserved(line.position.line, line.pattern.event));
  }
  if (plan.ledger && plan.opaque) doubts.push('the ledger: opaque, nobody sees records');
  else if (plan.ledger && view.drainedAt !== undefined) {
    const claim = checkClaim(plan.ledger, ledger);
    if (claim) findings.push(unlessRaced(claim, events, events.length));
  }

  const rules = known
    .filter(({ always, id }) => always || plan.rules.includes(id))
    .map((rule): RuleVerdict => ({
      id: rule.id,
      version: rule.version,
      source: rule.source,
      ...rule.check({ plan, header, events, ledger, seesAttempts }),
    }));
  for (const rule of rules) {
    const { version, source, finding: broken } = rule;
    if (broken) findings.push({ ...broken, version, source });
    if (rule.missing === 'observer' && plan.rules.includes(rule.id))
      doubts.push(`${rule.id}: ${rule.why}`);
  }

  for (const [index, { actor, event, fields }] of events.entries())
    if (event === 'contract')
      findings.push({
        what: 'contract',
        claim: 'the client keeps the client contract (docs/client-contract.md)',
        expected: 'what the contract says',
        actual: `${actor}: ${String(fields['why'])}`,
        ...patience(events, index),
        index,
      });
    else if (event === 'missed') doubts.push(`the play waited in vain: ${String(fields['step'])}`);
  const full = events.find(({ event }) => event === 'full');
  if (full) doubts.push(`${String(full.fields['why'])}: let the play end sooner`);
  else if (cutOff || view.drainedAt === undefined)
    doubts.push('the trace ends before the case did');
  return { findings, doubts, rules, ledger };
}

/**
 * What broke, of the first `count` events, may hang on a step of the play that a quicker machine had left behind the client.
 * `missed`: what broke is that this is missing.
 */
function unlessRaced(
  finding: Finding,
  events: readonly TraceEvent[],
  count: number,
  missed?: Missed,
): Finding {
  const { index = count - 1, marginNs } = finding;
  const raceNs = closestRace(events, index, missed);
  if (raceNs === undefined || (marginNs !== undefined && marginNs <= raceNs)) return finding;
  return { ...finding, marginNs: raceNs, sinceStart: true };
}

/** How long a client was waited for before it was found wanting: what a slow machine could explain. */
function patience(events: readonly TraceEvent[], index: number): Partial<Finding> {
  const { actor, at, fields } = events[index]!;
  const why = String(fields['why']);
  const id = /^it never answered command (\d+)$/.exec(why)?.[1];
  const isIgnored = why.startsWith('it ignored the shutdown');
  const asked = events
    .slice(0, index)
    .findLast(
      (event) =>
        event.actor === actor &&
        event.event === 'command' &&
        (isIgnored ? event.fields['name'] === 'shutdown' : String(event.fields['id']) === id),
    );
  return asked ? { marginNs: at - asked.at, sinceStart: true } : {};
}

function linesOf({ expect }: Plan): readonly ExpectLine[] {
  return expect.flatMap((item) => (item.kind === 'line' ? [item] : item.lines));
}

function unobserved(line: number, event: string): string {
  return `line ${line} names ${event}, and nothing saw the attempts that no listener sees`;
}

/** A finding in one line; a rule is known by its id, a line of the case by its text. */
function shortly({ what, position, claim, by, actual }: Finding): string {
  const line = position ? `${claim.replaceAll(/\s+/g, ' ')}: ` : '';
  return `${what}: ${line}${by ?? actual}`;
}

/** What a case wanted and the client said it cannot do. */
function unsupportedAbility(events: readonly TraceEvent[]): string | undefined {
  for (const [index, { actor, event, fields }] of events.entries()) {
    if (event !== 'answer' || fields['result'] !== 'unsupported') continue;
    const command = events
      .slice(0, index)
      .findLast(
        (other) =>
          other.actor === actor && other.event === 'command' && other.fields['id'] === fields['id'],
      );
    const name = command ? String(command.fields['name']) : undefined;
    // A command that is made up must be answered so.
    if (name !== undefined && !ABILITIES.has(name)) continue;
    return name ?? String(fields['why'] ?? 'what it was asked to do');
  }
  return undefined;
}

const ABILITIES: ReadonlySet<string> = new Set([
  'start-program',
  'stop-program',
  'check-out',
  'check-in',
  'shutdown',
  ...LIBRARY_COMMANDS,
]);
