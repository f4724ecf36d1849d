// Refused uploads: shared by RT-6, SF-8 and SF-9.
import { MILLISECOND, type Nanos } from '../../clock/clock.ts';
import type { UsageNote } from '../../trace/event.ts';
import { arrivalOf, type Indexed } from '../view/arrival.ts';
import { isFinal } from '../view/records.ts';
import { grouped, type View } from '../view/view.ts';

export interface Refusal {
  readonly server: string;
  readonly face: string;
  readonly status: number;
  /** Not to be sent again, as it stands. */
  readonly final: boolean;
  readonly log: string | undefined;
  /** The records that it covers; empty where the server could not read them. */
  readonly usage: readonly UsageNote[];
  readonly at: Nanos;
  readonly index: number;
  /** Index of the event with which it left; absent: it did not arrive for sure. */
  readonly answered?: number;
}

/** What was on its way before the client could have read the answer. */
const UNDER_WAY: Nanos = 2n * MILLISECOND;

/** All refusals of uploads of a client, in order of time. */
export function refusalsOf(view: View, client: string): readonly Refusal[] {
  return view
    .attemptsBy(client)
    .flatMap(({ server, face, events }) =>
      events.flatMap(({ index, event }, position): Refusal[] => {
        if (event.event !== 'upload-refuse') return [];
        const arrival = arrivalOf(events, position);
        const log = event.fields['log'];
        return [
          {
            server,
            face,
            status: Number(event.fields['status'] ?? 0),
            final: isFinal(event),
            log: log === undefined ? undefined : String(log),
            usage: event.usage ?? [],
            at: event.at,
            index,
            ...(arrival.state === 'yes' && { answered: arrival.index! }),
          },
        ];
      }),
    )
    .toSorted((a, b) => a.index - b.index);
}

/**
 * Index of a later offer of the same: the log of that name, or all of its records. Some of its records in a smaller
 * log, and records whose log only had a name that was taken (409), are another matter.
 */
export function offersAgain(view: View, client: string, refusal: Refusal): number | undefined {
  const { log, usage, status, at, answered } = refusal;
  const { byLog, byRecord } = offersOf(view, client);
  const [sample] = usage;
  const isAgain = ({ index, event }: Indexed): boolean => {
    if (index < (answered ?? Infinity) || event.at < at + UNDER_WAY) return false;
    if (log !== undefined && event.fields['log'] === log) return true;
    const offered = new Set((event.usage ?? []).map(({ record }) => record));
    return status !== 409 && usage.length > 0 && usage.every(({ record }) => offered.has(record));
  };
  const found = [
    (log === undefined ? undefined : byLog.get(log))?.find(isAgain),
    (sample && byRecord.get(sample.record))?.find(isAgain),
  ].flatMap((offer) => offer?.index ?? []);
  return found.length > 0 ? Math.min(...found) : undefined;
}

interface Offers {
  readonly byLog: ReadonlyMap<string, readonly Indexed[]>;
  readonly byRecord: ReadonlyMap<string, readonly Indexed[]>;
}

function offersOf(view: View, client: string): Offers {
  return view.once(`offers ${client}`, () => {
    const offers = view.eventsOf(client, 'upload-offer');
    const each = offers.flatMap((offer) =>
      (offer.event.usage ?? []).map(({ record }) => ({ record, offer })),
    );
    const byRecord = [...grouped(each, ({ record }) => record)].map(
      ([record, group]) => [record, group.map(({ offer }) => offer)] as const,
    );
    return {
      byLog: grouped(offers, ({ event }) => String(event.fields['log'])),
      byRecord: new Map(byRecord),
    };
  });
}
