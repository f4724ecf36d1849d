// Judges a captured session: a plan and a trace, no sockets.
import type { Plan } from '../case/plan.ts';
import type { Profile } from '../client/profile.ts';
import { judge } from '../judge/judge.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Finding, Judgement, Rule } from '../judge/verdict.ts';
import { withPolicy } from '../run/fit.ts';
import { withKnownFailures } from '../run/known-failures.ts';
import type { CaptureExpect } from '../trace/capture-note.ts';
import type { Trace } from '../trace/event.ts';
import { lineOf } from '../capture/capture-file.ts';
import { completed, inferPlan, type Settings } from './infer-plan.ts';

export interface ReplayOptions {
  readonly file: string;
  /** Absent: it is inferred, and only rules are judged. */
  readonly plan?: Plan;
  readonly settings?: Settings;
  readonly rules?: readonly Rule[];
  /** Of the client that was recorded: what it states of its ways, and which of its failures are known. */
  readonly profile?: Profile;
  /** Only these rules; default: those of the case, and those that hold always. */
  readonly only?: readonly string[];
}

export interface Replayed {
  readonly plan: Plan;
  readonly isInferred: boolean;
  readonly judgement: Judgement;
  /** The line of the file that shows a finding, from 1; absent: no line does. */
  lineOf(finding: Finding): number | undefined;
}

export function replayAsJudge(trace: Trace, options: ReplayOptions): Replayed {
  const { file, only = [], profile } = options;
  const given = options.plan ? underItsName(options.plan, trace) : undefined;
  const written = given ?? inferPlan(trace, file, options.settings);
  const base = profile ? withPolicy(written, profile) : written;
  const plan = only.length > 0 ? byRulesAlone(base, only) : base;
  const { events, places } = completed(
    trace,
    plan.clients.map(({ name }) => name),
  );
  const rules = (options.rules ?? RULES).filter(({ id }) => only.length === 0 || only.includes(id));
  const judged = judge(plan, { ...trace, events }, { rules });
  const judgement = given ? judged : withoutEnd(judged, plan);
  return {
    plan,
    isInferred: given === undefined,
    judgement: profile ? withKnownFailures(plan, judgement, profile) : judgement,
    lineOf: ({ index }) => {
      const place = index === undefined ? undefined : places[index];
      return place === undefined ? undefined : lineOf(place);
    },
  };
}

function byRulesAlone(plan: Plan, rules: readonly string[]): Plan {
  const { ledger: _, ...rest } = plan;
  return { ...rest, rules, expect: [], never: [] };
}

/** No case is there whose end a capture could miss: what is seen is judged as it is. */
function withoutEnd(judged: Judgement, { rules: named }: Plan): Judgement {
  const isOpen = judged.rules.some(
    ({ id, state }) => named.includes(id) && state === 'could-not-tell',
  );
  if (judged.verdict !== 'inconclusive' || judged.findings.length > 0 || isOpen) return judged;
  const { findings, rules, ledger } = judged;
  // A session that shows nothing is no client that kept its obligations.
  if (!rules.some(({ state }) => state === 'kept'))
    return { ...judged, reason: 'it shows nothing that a rule applies to' };
  return { verdict: 'pass', findings, rules, ledger };
}

/** In the field a client is not called as in a case: a single one is the single one of the case. */
function underItsName(plan: Plan, { events }: Trace): Plan {
  const [client, second] = plan.clients;
  const names = new Set(
    events.flatMap(({ face, from }) => (face === undefined ? [] : (from ?? []))),
  );
  const [name] = names;
  if (!client || second || names.size !== 1 || name === undefined) return plan;
  return { ...plan, clients: [{ ...client, name }] };
}

/** What is not as the capture says that it must be, a sentence each. */
export function unmet(
  { verdict, rules }: CaptureExpect,
  { verdict: came, reason, rules: judged }: Judgement,
): readonly string[] {
  const why = reason === undefined ? '' : ` (${reason})`;
  const wrong = verdict === came ? [] : [`${came} instead of ${verdict}${why}`];
  const states = new Map(judged.map(({ id, state }) => [id, state]));
  for (const [id, state] of Object.entries(rules)) {
    const now = states.get(id);
    if (now !== state) wrong.push(`${id} ${now ?? 'was not judged'} instead of ${state}`);
  }
  for (const { id, state } of judged)
    if (state === 'broken' && !Object.hasOwn(rules, id))
      wrong.push(`${id} broken, which nothing names`);
  return wrong;
}

/** What a session is to be judged as from now on: the rules that it breaks and those that its case names. */
export function expectationOf(
  { verdict, rules }: Judgement,
  { rules: named }: Plan,
): CaptureExpect {
  if (verdict === 'error')
    throw new Error('a session that ended with an error of ours is no capture');
  const told = rules.filter(({ id, state }) => state === 'broken' || named.includes(id));
  return { verdict, rules: Object.fromEntries(told.map(({ id, state }) => [id, state])) };
}
