// When servers asked to be left alone: shared by RT-5 and by the rules that it wins over.
import { SECOND, type Nanos } from '../../clock/clock.ts';
import { arrivalOf } from '../view/arrival.ts';
import { startedAt } from '../view/lives.ts';
import type { RuleCase } from './rule.ts';

/** A server told a client to come back later, and the client got to know. */
export interface Silence {
  readonly server: string;
  readonly face: string;
  /** Index of the event with which the answer left. */
  readonly index: number;
  readonly from: Nanos;
  readonly until: Nanos;
  /** When the process that was told was started: the next one need not know. */
  readonly bornAt: Nanos | undefined;
}

/** What a server names is meant literally, also where case time is scaled (RFC 9110 §10.2.3). */
export function silencesOf({ view, divisor }: RuleCase, client: string): readonly Silence[] {
  return view.once(`silences ${client}`, () =>
    view.attemptsBy(client).flatMap(({ server, face, events }) =>
      events.flatMap(({ event }, position): Silence[] => {
        const seconds = Number(event.fields['retry-after'] ?? 0);
        if (!(seconds > 0)) return [];
        const { state, at, index } = arrivalOf(events, position);
        if (state !== 'yes' || at === undefined || index === undefined) return [];
        const until = at + (BigInt(Math.round(seconds * 1000)) * SECOND * BigInt(divisor)) / 1000n;
        const bornAt = startedAt(view.lives(client), at);
        return [{ server, face, index, from: at, until, bornAt }];
      }),
    ),
  );
}

/** Whether that face, of any server or of one, had asked for silence at some moment from `from` to `to`. */
export function isSilenced(
  silences: readonly Silence[],
  face: string,
  { from, to, server }: { readonly from: Nanos; readonly to: Nanos; readonly server?: string },
): boolean {
  return silences.some(
    (silence) =>
      silence.face === face &&
      (server === undefined || silence.server === server) &&
      silence.from <= to &&
      silence.until > from,
  );
}
