// What all rules share: how one is written down, and what it is given to look at.
import type { ClientPlan } from '../../case/plan.ts';
import type { Nanos } from '../../clock/clock.ts';
import { entriesOf, type Ledger, type LedgerEntry } from '../ledger.ts';
import { type Policy, policyOf } from '../policy.ts';
import type { Finding, Rule, RuleInput, RuleVerdict } from '../verdict.ts';
import { isFinal, type RecordAccount } from '../view/records.ts';
import { grouped, type View, viewOf } from '../view/view.ts';
import { divisorOf } from '../view/wall.ts';

export type { Finding, Rule, RuleInput, RuleVerdict };

/** How a rule was broken; the first such event is told. */
export interface Break {
  readonly expected: string;
  readonly actual: string;
  readonly by?: string;
  readonly marginNs?: Nanos;
  readonly index?: number;
}

export type Outcome =
  | { readonly state: 'kept'; readonly why: string }
  | { readonly state: 'could-not-tell'; readonly why: string; readonly missing?: 'observer' }
  | { readonly state: 'broken'; readonly found: Break };

export interface RuleClient {
  readonly name: string;
  readonly plan: ClientPlan;
  readonly policy: Policy;
}

export interface RuleCase {
  readonly view: View;
  readonly ledger: Ledger;
  readonly seesAttempts: boolean;
  readonly clients: readonly RuleClient[];
  /** Case time that passes while one unit of the client's own time does: 1, or the N of `scaled:N`. */
  readonly divisor: number;
  /** Wall-clock date of case time 0s, milliseconds since 1970. */
  readonly epochMs: number;
}

export interface RuleSpec extends Omit<Rule, 'check'> {
  readonly needs: string;
  readonly judge: (input: RuleCase) => Outcome;
  /** The same obligation by connections alone, where bytes are only passed on; absent: it cannot be told there. */
  readonly judgeOpaque?: (input: RuleCase) => Outcome;
}

export function defineRule({ judge, judgeOpaque, ...rule }: RuleSpec): Rule {
  return {
    ...rule,
    check({
      plan,
      header,
      events,
      ledger,
      seesAttempts,
    }: RuleInput): Omit<RuleVerdict, 'id' | 'version' | 'source'> {
      const view = viewOf(plan, events);
      const clients = plan.clients.map((client) => ({
        name: client.name,
        plan: client,
        policy: policyOf(client, plan.servers, plan.policy),
      }));
      const decide = plan.opaque ? (judgeOpaque ?? tellNothing) : judge;
      const outcome = decide({
        view,
        ledger,
        seesAttempts,
        clients,
        divisor: divisorOf(header),
        epochMs: Date.parse(header.epoch),
      });
      if (outcome.state !== 'broken') return outcome;
      const { found } = outcome;
      const finding: Finding = {
        what: rule.id,
        claim: rule.obligation,
        ...found,
      };
      return { state: 'broken', why: found.by ?? found.actual, finding };
    },
  };
}

export function kept(why: string): Outcome {
  return { state: 'kept', why };
}

export function broken(found: Break): Outcome {
  return { state: 'broken', found };
}

export function couldNotTell(why: string, missing?: 'observer'): Outcome {
  return { state: 'could-not-tell', why, ...(missing && { missing }) };
}

function tellNothing(): Outcome {
  return couldNotTell('opaque: only connections are seen, not what is said on them');
}

/** Could not tell, and if attempts were not seen while something was down, for that reason. */
export function nothingSeen(why: string, { seesAttempts, view }: RuleCase): Outcome {
  const hidden = view.events.some(
    ({ event, fields }) => event === 'down' && HIDING.has(String(fields['fault'])),
  );
  if (seesAttempts || !hidden) return couldNotTell(why);
  return couldNotTell(`${why} (attempts that no listener sees were not recorded)`, 'observer');
}

/** Faults under which no listener sees an attempt. */
const HIDING: ReadonlySet<string> = new Set(['refuse', 'black-hole', 'half-open']);

/** Records that a client owes at that time: said to be durable, not yet acknowledged to it, not refused for good. */
export function pendingAt(
  { view, ledger }: RuleCase,
  client: string,
  owedBy: Nanos,
  at: Nanos,
): readonly LedgerEntry[] {
  return entriesOf(ledger, client).filter((entry) => {
    if (entry.owedAt === undefined || entry.owedAt > owedBy) return false;
    const account = view.record(client, entry.record);
    if (!account) return true;
    const acknowledged = account.acknowledgedAt !== undefined && account.acknowledgedAt <= at;
    return !acknowledged && !account.offers.some(({ answer }) => isFinal(answer));
  });
}

/** Records by the program that they are of; names of programs are compared without regard to case. */
export function byProgram(
  records: readonly RecordAccount[],
): ReadonlyMap<string, readonly RecordAccount[]> {
  return grouped(records, ({ program }) => program.toLowerCase());
}

/** `1 attempt`, `3 attempts` */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** A few, then how many more. */
export function listed(texts: readonly string[], most = 4): string {
  const more = texts.length - most;
  return texts.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The last of some rising numbers that is below `limit`; -1: none is. */
export function lastBelow(rising: readonly number[], limit: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return rising[low - 1] ?? -1;
}
