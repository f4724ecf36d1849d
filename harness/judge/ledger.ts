// The account of every usage record, filled in from the trace alone: what a client says of its spool counts for nothing.
import type { LedgerClaim, LedgerColumn } from '../case/plan.ts';
import { SECOND, type Nanos } from '../clock/clock.ts';
import type { TraceHeader } from '../trace/event.ts';
import type { Finding } from './verdict.ts';
import { dropsOf } from './view/drops.ts';
import { isFinal, type RecordAccount } from './view/records.ts';
import type { Run } from './view/runs.ts';
import { grouped, type View } from './view/view.ts';
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

/** By client; in the order of the ledger. */
export function entriesOf(ledger: Ledger, client: string): readonly LedgerEntry[] {
  return indexOf(ledger).byClient.get(client) ?? [];
}

/** The entry of the nth run of a program by a client. */
export function entryOfRun(
  ledger: Ledger,
  { client, program, run }: Pick<LedgerEntry, 'client' | 'program' | 'run'>,
): LedgerEntry | undefined {
  return indexOf(ledger).byRun.get(runKey({ client, program, run }));
}

/** Whether that client, or any, owes that record. */
export function isOwed(ledger: Ledger, record: string, client?: string): boolean {
  const owing = indexOf(ledger).owing.get(record) ?? [];
  return client === undefined ? owing.length > 0 : owing.some((one) => one.client === client);
}

interface LedgerIndex {
  readonly byClient: ReadonlyMap<string, readonly LedgerEntry[]>;
  readonly byRun: ReadonlyMap<string, LedgerEntry>;
  readonly owing: ReadonlyMap<string, readonly LedgerEntry[]>;
}

const indexes = new WeakMap<Ledger, LedgerIndex>();

function indexOf(ledger: Ledger): LedgerIndex {
  const known = indexes.get(ledger);
  if (known) return known;
  const { entries } = ledger;
  const index = {
    byClient: grouped(entries, ({ client }) => client),
    byRun: new Map(entries.map((entry) => [runKey(entry), entry])),
    owing: grouped(
      entries.filter(({ owed, record }) => owed && record !== undefined),
      ({ record }) => record!,
    ),
  };
  indexes.set(ledger, index);
  return index;
}

function runKey({ client, program, run }: Pick<LedgerEntry, 'client' | 'program' | 'run'>): string {
  return JSON.stringify([client, program, run]);
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
      ...strangers(ledger),
    ].join('; '),
  };
}

/** Records came, and the count does not have them. */
function strangers({ unexplained }: Ledger): readonly string[] {
  if (unexplained.length === 0) return [];
  const shown = unexplained.slice(0, 3).join(', ');
  const more = unexplained.length > 3 ? `, ${unexplained.length - 3} more` : '';
  return [`of no run that the case commands: ${shown}${more}`];
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
function countDrops(entries: LedgerEntry[], client: string, view: View): void {
  const drops = dropsOf(view, client);
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
  const byProgram = grouped(records, ({ program }) => program.toLowerCase());
  const byStart = new Map(
    [...byProgram].map(([program, accounts]) => [program, inSlots(accounts)] as const),
  );
  const near = runs
    .flatMap((run) => {
      const atMs = startMs(run);
      const slot = Math.floor(atMs / NEAR_MS);
      const slots = byStart.get(run.program.toLowerCase());
      // In the order of the records, as of several that are equally near the first is taken.
      return [slot - 1, slot, slot + 1]
        .flatMap((number) => slots?.get(number) ?? [])
        .toSorted((a, b) => a.place - b.place)
        .map(({ account, startMs: begun }) => ({ run, account, offMs: Math.abs(begun - atMs) }));
    })
    .filter(({ offMs }) => offMs <= NEAR_MS)
    .toSorted((a, b) => a.offMs - b.offMs);
  for (const { run, account } of near) {
    if (!pairs.has(run) && !taken.has(account)) pair(run, account);
  }
  const owedFirst = runs.toSorted(
    (a, b) => Number(b.owedAt !== undefined) - Number(a.owedAt !== undefined),
  );
  // What is described stays so: each record is looked at once.
  const looked = new Map<string, number>();
  for (const run of owedFirst) {
    if (pairs.has(run) || run.denied) continue;
    // A second id for a run that has its record explains no other run.
    const program = run.program.toLowerCase();
    const accounts = byProgram.get(program) ?? [];
    let next = looked.get(program) ?? 0;
    while (next < accounts.length && described.has(descriptionOf(accounts[next]!))) next++;
    looked.set(program, next);
    const account = accounts[next];
    if (account) pair(run, account);
  }
  return pairs;
}

function descriptionOf({ descriptions: [first] }: RecordAccount): string {
  return JSON.stringify([first!.program, first!.startMs, first!.stopMs]);
}

interface Started {
  readonly account: RecordAccount;
  /** Among the records of that program. */
  readonly place: number;
  readonly startMs: number;
}

/** By the time of their start, in slots as long as what counts as near: what is near is in the same one, or in one beside it. */
function inSlots(accounts: readonly RecordAccount[]): ReadonlyMap<number, readonly Started[]> {
  const slots = new Map<number, Started[]>();
  for (const [place, account] of accounts.entries()) {
    const { startMs } = account.descriptions[0]!;
    const slot = Math.floor(startMs / NEAR_MS);
    const known = slots.get(slot);
    const started = { account, place, startMs };
    if (known) known.push(started);
    else slots.set(slot, [started]);
  }
  return slots;
}
