// Where the answers of servers differ from those that were recorded.
import type { Dialect } from '../../emulators/emulator.ts';
import { redecode } from '../capture/decode.ts';
import type { TraceEvent } from '../trace/event.ts';
import { formatActor, formatEvent } from '../trace/format.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';
import type { RecordedAttempt } from './client-side.ts';

export interface AnswerDifference {
  /** Place of the recorded event. */
  readonly index: number;
  /** `alpha.share` */
  readonly place: string;
  readonly recorded: string;
  readonly now: string;
}

/** What the client alone said: the same bytes say it again. */
const ASKED: ReadonlySet<string> = new Set(['hello', 'lease-request', 'upload-offer', 'bye']);
/** Names that each server gives as it likes, and what stands in the request. */
const VOLATILE: ReadonlySet<string> = new Set(['lease', 'log', 'record']);

interface Said {
  readonly index: number;
  readonly text: string;
}

interface Outcome {
  readonly index: number;
  readonly said: readonly Said[];
  /** Bytes of the server, where they are not understood. */
  readonly length: number;
  readonly isOpaque: boolean;
  readonly reset: number | undefined;
}

/** Attempt by attempt: the nth of a client at a face is the nth that was recorded. What was not tried again is left out. */
export function answerDifferences(
  recorded: {
    readonly events: readonly TraceEvent[];
    readonly attempts: readonly RecordedAttempt[];
  },
  now: { readonly events: readonly TraceEvent[]; readonly attempts: readonly RecordedAttempt[] },
  dialect: Dialect,
): readonly AnswerDifference[] {
  const [then, new_] = [recorded, now].map(({ events, attempts }) => {
    const made = madeFromBytes(events, dialect);
    return attempts.map((attempt) => ({
      attempt,
      outcome: outcomeOf(attempt, events, made, dialect),
    }));
  });
  return then!.flatMap(({ attempt, outcome }, at) => {
    const other = new_![at];
    return other ? compare(attempt, outcome, other.attempt, other.outcome) : [];
  });
}

/** For each connection the notes that its bytes bear out: what a server alone knows was no answer to anybody. */
function madeFromBytes(
  events: readonly TraceEvent[],
  dialect: Dialect,
): ReadonlyMap<number, string[]> {
  const words = new Map<number, string[]>();
  for (const event of redecode(events, dialect)) {
    if (event.conn === undefined || !isNote(event)) continue;
    const own = words.get(event.conn);
    if (own) own.push(wordOf(event));
    else words.set(event.conn, [wordOf(event)]);
  }
  return words;
}

function isNote({ event }: TraceEvent): boolean {
  return Object.hasOwn(SEMANTIC_EVENTS, event);
}

function wordOf({ event, fields }: TraceEvent): string {
  const own = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([event, own]);
}

function outcomeOf(
  { all, conn, index }: RecordedAttempt,
  events: readonly TraceEvent[],
  made: ReadonlyMap<number, string[]>,
  dialect: Dialect,
): Outcome {
  const words = [...(made.get(conn ?? 0) ?? [])];
  const said: Said[] = [];
  let length = 0;
  let reset: number | undefined;
  let isOpaque = dialect.decoders === undefined;
  for (const place of all) {
    const event = events[place]!;
    if (event.event === 'sent') length += Number(event.fields['length'] ?? 0);
    else if (event.event === 'opaque') isOpaque = true;
    else if (event.event === 'reset' && event.fields['by'] === 'server') reset = place;
    if (!isNote(event) || ASKED.has(event.event)) continue;
    const word = words.indexOf(wordOf(event));
    if (word < 0) continue;
    words.splice(word, 1);
    said.push({ index: place, text: textOf(event) });
  }
  return { index, said, length, isOpaque, reset };
}

function textOf({ actor, event, fields }: TraceEvent): string {
  const lasting = Object.entries(fields).filter(([name]) => !VOLATILE.has(name));
  return formatEvent({ at: 0n, actor, event, fields: Object.fromEntries(lasting) })
    .split('  ')
    .slice(2)
    .join(' ');
}

function compare(
  attempt: RecordedAttempt,
  then: Outcome,
  other: RecordedAttempt,
  now: Outcome,
): readonly AnswerDifference[] {
  const place = formatActor({ actor: attempt.server, face: attempt.face });
  const differ = (index: number, recorded: string, came: string): AnswerDifference[] =>
    recorded === came ? [] : [{ index, place, recorded, now: came }];
  if (attempt.outcome !== other.outcome)
    return differ(attempt.index, OUTCOMES[attempt.outcome]!, OUTCOMES[other.outcome]!);
  if (then.isOpaque || now.isOpaque)
    return differ(
      attempt.index,
      `${then.length} bytes of answers`,
      `${now.length} bytes of answers`,
    );
  const count = Math.max(then.said.length, now.said.length);
  const answers = [...Array(count).keys()].flatMap((nth) => {
    const index = then.said[nth]?.index ?? then.reset ?? attempt.all.at(-1)!;
    return differ(index, then.said[nth]?.text ?? NOTHING, now.said[nth]?.text ?? NOTHING);
  });
  if (answers.length > 0) return answers;
  const ends = [then, now].map(({ reset }) => (reset === undefined ? 'no reset' : 'a reset'));
  return differ(then.reset ?? attempt.all.at(-1)!, ends[0]!, ends[1]!);
}

const NOTHING = 'no answer';
const OUTCOMES: Readonly<Record<string, string>> = {
  connect: 'accepted',
  refused: 'refused',
  unanswered: 'not answered at all',
};
