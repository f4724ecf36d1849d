// The account of every usage record, filled in from the trace alone: what a client says of its spool counts for nothing.
import type { LedgerClaim, LedgerColumn } from '../case/plan.ts';
import { SECOND, type Nanos } from '../clock/clock.ts';
import type { TraceHeader } from '../trace/event.ts';
import type { Finding } from './verdict.ts';
import { dropsOf } from './view/drops.ts';
import { isFinal, type RecordAccount } from './view/records.ts';
import type { Run } from './view/runs.ts';
import type { View } from './view/view.ts';
import { divisorOf, wallMs } from './view/wall.ts';

/** One run of a program that a client was told to stop, and what became of its record. */
export interface LedgerEntry {
  readonly client: string;
  readonly program: string;
  /** The nth run of that program by that client, from 1. */
  readonly run: number;
  /** True once the client said `ok` to the stop command. */
  readonly owed: boolean;
  /** When it said so. */
  readonly owedAt?: Nanos;
  readonly record?: string;
  readonly state: 'delivered' | 'refused' | 'may-be-lost' | 'dropped' | 'lost';
  readonly deliveries: number;
  readonly acknowledgedTwice: boolean;
}

export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  readonly delivered: number;
  readonly redelivered: number;
  readonly acknowledgedTwice: number;
  readonly refused: number;
  readonly dropped: number;
  readonly mayBeLost: number;
  readonly lost: number;
  /** Record ids that no run explains. */
  readonly unexplained: readonly string[];
}

/** How far a record's start may lie from the command, on the client's wall clock. */
const NEAR_MS = 10_000;

const COLUMNS: readonly LedgerColumn[] = [
  'delivered',
  'redelivered',
  'acknowledged-twice',
  'refused',
  'dropped',
  'may-be-lost',
  'lost',
];

/** Balances the runs of all clients against the records that the servers saw. */
export function ledgerOf(view: View, header: TraceHeader): Ledger {
  const entries: LedgerEntry[] = [];
  const unexplained: string[] = [];
  const clock = { epochMs: Date.parse(header.epoch), divisor: divisorOf(header) };
  for (const { name } of view.plan.withoutRecords ? [] : view.plan.clients) {
    const records = view.records(name);
    const runs = view.runs(name);
    const pairs = pairUp(runs, records, ({ startAt, meteredFrom }) =>
      wallMs(view, clock, name, meteredFrom ?? startAt),
    );
    const explained = new Set(pairs.values());
    for (const run of runs)
      if (!run.denied || pairs.has(run)) entries.push(entryOf(run, pairs.get(run)));
    for (const account of records) if (!explained.has(account)) unexplained.push(account.record);
  }
  for (const { name } of view.plan.clients) countDrops(entries, name, view);
  const count = (has: (entry: LedgerEntry) => boolean): number => entries.filter(has).length;
  return {
    entries,
    delivered: count(({ state }) => state === 'delivered'),
    redelivered: count(({ deliveries }) => deliveries > 1),
    acknowledgedTwice: count(({ acknowledgedTwice }) => acknowledgedTwice),
    refused: count(({ state }) => state === 'refused'),
    dropped: count(({ state }) => state === 'dropped'),
    mayBeLost: count(({ state }) => state === 'may-be-lost'),
    lost: count(({ state }) => state === 'lost'),
    unexplained,
  };
}

/** Checks the `ledger:` line of a case. */
export function checkClaim(claim: LedgerClaim, ledger: Ledger): Finding | undefined {
  const columns = COLUMNS.filter((column) => claim.counts[column] !== undefined);
  const wrong = columns.filter((column) => countIn(ledger, column) !== claim.counts[column]);
  if (wrong.length === 0) return undefined;
  return {
    what: 'ledger',
    position: claim.position,
    claim: claim.text,
    expected: columns.map((column) => `${column}=${claim.counts[column]}`).join(' '),
    actual: columns.map((column) => `${column}=${countIn(ledger, column)}`).join(' '),
    by: [
      ...wrong.map((column) => difference(column, countIn(ledger, column) - claim.counts[column]!)),
      ...ledger.entries
        .filter(({ state }) => state === 'lost')
        .map((entry) => `lost: ${runText(entry)}`),
    ].join('; '),
  };
}

/** `word.exe, run 2 of ws1, record 4f…` */
export function runText({ client, program, run, record }: LedgerEntry): string {
  const as = record === undefined ? 'never offered' : `record ${record}`;
  return `${program}, run ${run} of ${client} (${as})`;
}

function difference(column: string, by: number): string {
  return `${Math.abs(by)} ${by > 0 ? 'more' : 'fewer'} ${column}`;
}

function countIn(ledger: Ledger, column: LedgerColumn): number {
  switch (column) {
    case 'acknowledged-twice':
      return ledger.acknowledgedTwice;
    case 'may-be-lost':
      return ledger.mayBeLost;
    default:
      return ledger[column];
  }
}

function entryOf({ client, program, run, owedAt }: Run, account?: RecordAccount): LedgerEntry {
  const deliveries = account?.deliveries ?? 0;
  const isRefused = account?.offers.some(
    ({ answer, arrival }) => arrival.state !== 'no' && isFinal(answer),
  );
  const lost = owedAt === undefined ? 'may-be-lost' : 'lost';
  const undelivered = isRefused ? 'refused' : lost;
  return {
    client,
    program,
    run,
    owed: owedAt !== undefined,
    ...(owedAt !== undefined && { owedAt }),
    ...(account && { record: account.record }),
    state: deliveries > 0 ? 'delivered' : undelivered,
    deliveries,
    acknowledgedTwice: account?.offeredAgain !== undefined,
  };
}

/**
 * What a client says that it dropped is not lost but dropped: its word counts drops, and is evidence of nothing else. Which
 * records they were nobody knows; whether as many are gone is for SF-10.
 */
function countDrops(entries: LedgerEntry[], client: string, { events }: View): void {
  const drops = dropsOf(events, client);
  let left = drops.reduce((sum, { count }) => sum + count, 0);
  for (const [index, entry] of entries.entries()) {
    if (left === 0) return;
    const mayBe = entry.client === client && entry.state === 'lost';
    if (!mayBe || entry.owedAt! > drops.at(-1)!.at + SECOND) continue;
    entries[index] = { ...entry, state: 'dropped' };
    left--;
  }
}

/** Which record is which run's: by program and the time of the start; what is left by the order of the first offer, owed runs first. */
function pairUp(
  runs: readonly Run[],
  records: readonly RecordAccount[],
  startMs: (run: Run) => number,
): ReadonlyMap<Run, RecordAccount> {
  const pairs = new Map<Run, RecordAccount>();
  const taken = new Set<RecordAccount>();
  const described = new Set<string>();
  const pair = (run: Run, account: RecordAccount): void => {
    pairs.set(run, account);
    taken.add(account);
    described.add(descriptionOf(account));
  };
  const near = runs
    .flatMap((run) =>
      records.map((account) => ({
        run,
        account,
        offMs: Math.abs(account.descriptions[0]!.startMs - startMs(run)),
      })),
    )
    .filter(({ run, account, offMs }) => sameProgram(run, account) && offMs <= NEAR_MS)
    .toSorted((a, b) => a.offMs - b.offMs);
  for (const { run, account } of near) {
    if (!pairs.has(run) && !taken.has(account)) pair(run, account);
  }
  const owedFirst = runs.toSorted(
    (a, b) => Number(b.owedAt !== undefined) - Number(a.owedAt !== undefined),
  );
  for (const run of owedFirst) {
    if (pairs.has(run) || run.denied) continue;
    // A second id for a run that has its record explains no other run.
    const account = records.find(
      (other) => sameProgram(run, other) && !described.has(descriptionOf(other)),
    );
    if (account) pair(run, account);
  }
  return pairs;
}

function descriptionOf({ descriptions: [first] }: RecordAccount): string {
  return JSON.stringify([first!.program, first!.startMs, first!.stopMs]);
}

function sameProgram({ program }: Run, account: RecordAccount): boolean {
  return account.program.toLowerCase() === program.toLowerCase();
}
