// What a client did, without times and ids: two runs with the same behaviour differ in nothing that a person would tell.
import type { Plan } from '../../case/plan.ts';
import { failed } from '../../judge/view/attempts.ts';
import { View } from '../../judge/view/view.ts';
import type { Judgement, Verdict } from '../../judge/verdict.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { SEMANTIC_EVENTS } from '../../trace/vocabulary.ts';

/** One trait of a behaviour. A trait that is not there counts as 0. */
export interface Trait {
  /** `verdict`, `alpha.pipe lease-grant`, `failed attempts in a row on alpha.pipe`, `first lease-grant`, `lost`, `says offline`. */
  readonly name: string;
  readonly kind: 'verdict' | 'presence' | 'row' | 'first' | 'ledger' | 'said';
  /** Major: the user or the bill would notice. Minor: only the servers do. */
  readonly weight: 'major' | 'minor';
  readonly value: string | number;
}

export interface Behaviour {
  readonly verdict: Verdict;
  readonly reason?: string;
  /** In a fixed order, by name. */
  readonly traits: ReadonlyMap<string, Trait>;
}

const MAJOR_EVENTS: ReadonlySet<string> = new Set([
  'lease-grant',
  'lease-deny',
  'lease-reclaim',
  'upload-accept',
  'protocol-error',
]);
/** Of each the server that was the first to do it tells where a client turned to. */
const FIRSTS: readonly string[] = ['lease-grant', 'upload-accept'];
const STATES: ReadonlySet<string> = new Set(['offline', 'online']);

export function behaviourOf(
  plan: Plan,
  events: readonly TraceEvent[],
  { verdict, reason, findings, ledger }: Judgement,
): Behaviour {
  const view = new View(plan, events);
  const traits = new Map<string, Trait>();
  const set = (name: string, kind: Trait['kind'], value: Trait['value'], major: boolean): void => {
    if (value !== 0) traits.set(name, { name, kind, value, weight: major ? 'major' : 'minor' });
  };
  const broken = [...new Set(findings.map(({ what }) => what))].toSorted();
  set('verdict', 'verdict', [verdict, ...broken].join(' '), true);
  for (const { name: client, attempts } of plan.clients) {
    const who = plan.clients.length > 1 ? `${client} at ` : '';
    for (const event of view.events) {
      if (event.event === 'said' && event.actor === client) {
        const said = String(event.fields['event']);
        set(`${who && `${client} `}says ${said}`, 'said', 1, STATES.has(said));
      }
      if (view.clientOf(event) !== client || !Object.hasOwn(SEMANTIC_EVENTS, event.event)) continue;
      const name = `${who}${event.actor}.${event.face} ${event.event}${refusal(event)}`;
      set(name, 'presence', 1, MAJOR_EVENTS.has(event.event));
    }
    for (const [place, length] of firstRows(view, client))
      set(`failed attempts in a row on ${who}${place}`, 'row', counted(length, attempts), false);
    for (const first of FIRSTS) {
      const event = view.eventsOf(client, first)[0]?.event;
      if (event) set(`${who}first ${first}`, 'first', event.actor, true);
    }
  }
  set('lost', 'ledger', ledger.lost, true);
  set('may-be-lost', 'ledger', ledger.mayBeLost, true);
  set('dropped', 'ledger', ledger.dropped, true);
  set('delivered', 'ledger', ledger.delivered, true);
  set('redelivered', 'ledger', ledger.redelivered, false);
  set('acknowledged-twice', 'ledger', ledger.acknowledgedTwice, false);
  const sorted = [...traits].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { verdict, ...(reason !== undefined && { reason }), traits: new Map(sorted) };
}

/** ` 503` where a server answered no. */
function refusal({ fields }: TraceEvent): string {
  const status = Number(fields['status'] ?? 0);
  return status >= 400 ? ` ${status}` : '';
}

/**
 * Per face of a server, how many attempts failed one after the other when it first failed; another server or a success ends the
 * row. Later rows are left out: a client that looks from time to time whether a server is back makes one without end.
 */
function firstRows(view: View, client: string): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  const open = new Map<string, string>();
  for (const attempt of view.attempts) {
    if (attempt.client !== client) continue;
    const { server, face } = attempt;
    const place = `${server}.${face}`;
    const current = open.get(face);
    const isFailed = failed(attempt);
    if (isFailed && (current === place || !lengths.has(place))) {
      lengths.set(place, (lengths.get(place) ?? 0) + 1);
      open.set(face, place);
    } else if (current !== place || !isFailed) open.delete(face);
  }
  return lengths;
}

/** Within what the case allows each attempt counts; that a client goes on after that is one behaviour, however long. */
function counted(length: number, attempts: number): number | string {
  return length <= attempts ? length : `more than ${attempts}`;
}
