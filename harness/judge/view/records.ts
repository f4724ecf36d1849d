import { SECOND, type Nanos } from '../../clock/clock.ts';
import type { TraceEvent, UsageNote } from '../../trace/event.ts';
import { arrivalOf, type Arrival, type Indexed } from './arrival.ts';
import { type Life, livesThrough } from './lives.ts';

/** One time that a client offered a record, and the answer to it. */
export interface Offer {
  readonly index: number;
  readonly at: Nanos;
  readonly server: string;
  /** The acceptance or refusal of that offer; absent: the server said nothing. */
  readonly answer?: TraceEvent;
  readonly arrival: Arrival;
}

/** What the servers saw of one record of one client. */
export interface RecordAccount {
  readonly client: string;
  readonly record: string;
  readonly program: string;
  /** Each way in which the record was described; more than one is a fault. */
  readonly descriptions: readonly UsageNote[];
  readonly offers: readonly Offer[];
  /** How often it was stored. */
  readonly deliveries: number;
  /** When the first acknowledgement that arrived, for sure or perhaps, left the server. */
  readonly acknowledgedAt?: Nanos;
  /** An acknowledgement arrived for sure and the client lived on for a second. */
  readonly settled: boolean;
  /** The offer that was made although the record was settled. */
  readonly offeredAgain?: Offer;
}

/** A client that was told so had time to write it down. */
const TO_NOTE: Nanos = SECOND;

/** The records of one client, in the order in which they were first offered. */
export function recordsOf(
  events: readonly Indexed[],
  isOf: (event: TraceEvent) => boolean,
  client: string,
  lives: readonly Life[],
): readonly RecordAccount[] {
  const connections = new Map<number, Indexed[]>();
  const found = new Map<string, { descriptions: UsageNote[]; offers: Offer[]; from: number[] }>();
  for (const indexed of events) {
    const { event } = indexed;
    if (event.conn === undefined || !isOf(event)) continue;
    const connection = connections.get(event.conn);
    if (connection) connection.push(indexed);
    else connections.set(event.conn, [indexed]);
  }
  for (const connection of connections.values()) {
    // Where the client began that request: its first bytes since the server last sent something, or the connection.
    let from = connection[0]!.index;
    for (const [position, { index, event }] of connection.entries()) {
      if (event.event === 'sent') from = connection[position + 1]?.index ?? index;
      if (event.event !== 'upload-offer') continue;
      const begun = from;
      const answers = answersTo(connection, position);
      const offerOf = ({ record }: UsageNote): Offer => {
        const answer = answers.get(record);
        return {
          index,
          at: event.at,
          server: event.actor,
          ...(answer && { answer: answer.event }),
          arrival: answer?.arrival ?? { state: 'no' },
        };
      };
      for (const note of event.usage ?? []) {
        const offer = offerOf(note);
        const account = found.get(note.record) ?? { descriptions: [], offers: [], from: [] };
        found.set(note.record, account);
        account.offers.push(offer);
        account.from.push(begun);
        if (!account.descriptions.some((other) => sameRun(other, note)))
          account.descriptions.push(note);
      }
    }
  }
  return [...found]
    .map(([record, { descriptions, offers, from }]): RecordAccount => {
      const accepted = offers.filter(({ answer }) => answer?.event === 'upload-accept');
      const perhaps = accepted.flatMap(({ arrival }) =>
        arrival.state === 'no' ? [] : arrival.at!,
      );
      const settled = accepted.flatMap(({ arrival: { state, at, index } }) =>
        state === 'yes' && livesThrough(lives, at!, at! + TO_NOTE) ? index! : [],
      );
      const settledIndex = settled.length > 0 ? Math.min(...settled) : undefined;
      const again =
        settledIndex === undefined ? -1 : from.findIndex((start) => start > settledIndex);
      return {
        client,
        record,
        program: descriptions[0]!.program,
        descriptions,
        offers,
        deliveries: accepted.length,
        ...(perhaps.length > 0 && { acknowledgedAt: perhaps.reduce((a, b) => (a < b ? a : b)) }),
        settled: settledIndex !== undefined,
        ...(again >= 0 && { offeredAgain: offers[again]! }),
      };
    })
    .toSorted((a, b) => a.offers[0]!.index - b.offers[0]!.index);
}

/** A server that takes other records says of this one that it never will: nobody can deliver it. */
export function refusesRecord(answer: TraceEvent | undefined): boolean {
  return answer?.event === 'upload-refuse' && answer.fields['why'] === 'refused';
}

/** Not to be sent again: that log, or that record of it. */
export function isFinal(answer: TraceEvent | undefined): boolean {
  return refusesRecord(answer) || isDefiniteNo(answer?.fields['status']);
}

/** 4xx but for a refused account, which says nothing of the record. */
function isDefiniteNo(status: unknown): boolean {
  const code = Number(status ?? 0);
  return code >= 400 && code < 500 && ![401, 403, 408, 429].includes(code);
}

export function sameRun(a: UsageNote, b: UsageNote): boolean {
  return a.program === b.program && a.startMs === b.startMs && a.stopMs === b.stopMs;
}

interface Answer {
  readonly event: TraceEvent;
  readonly arrival: Arrival;
}

/** By record what was first said of it: one thing of all records of an offer, or several, each of some. */
function answersTo(connection: readonly Indexed[], position: number): ReadonlyMap<string, Answer> {
  const answers = new Map<string, Answer>();
  for (let next = position + 1; next < connection.length; next++) {
    const { event } = connection[next]!;
    if (event.event === 'upload-offer') break;
    if (event.event !== 'upload-accept' && event.event !== 'upload-refuse') continue;
    const answer = { event, arrival: arrivalOf(connection, next) };
    for (const { record } of event.usage ?? [])
      if (!answers.has(record)) answers.set(record, answer);
  }
  return answers;
}
