import { formatDuration } from '../../clock/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatEvent } from '../../trace/format.ts';
import { entriesOf } from '../ledger.ts';
import { livesThrough } from '../view/lives.ts';
import {
  broken,
  counted,
  couldNotTell,
  defineRule,
  kept,
  listed,
  type RuleCase,
  type RuleClient,
} from './rule.ts';

/** Text that programs have stumbled over: what it is, and when the client met it. */
interface Stimulus {
  readonly index: number;
  readonly event: TraceEvent;
  readonly text: string;
  readonly program?: string;
}

const LONG_CHARS = 64;
/** Letters, digits and what stands in the names of files. */
const PLAIN = /^[A-Za-z0-9._-]+$/;
/** The lists of the field had 3.5 MB (Q311467). */
const LARGE_BYTES = 1_000_000;

export const SWM_14 = defineRule({
  id: 'SWM-14',
  version: 1,
  obligation:
    'the client survives hostile text: a long version string, odd characters, a 3.5 MB excluded list',
  source: 'Q279788, Q311467',
  always: false,
  needs:
    'a name or version is odd or longer than 64 characters, or a configuration has 1 MB, and the client lives on for one delay',
  judge(input) {
    const { view, clients, ledger } = input;
    const survived: string[] = [];
    let why = 'no text was long or odd';
    for (const client of clients)
      for (const stimulus of [...programs(input, client), ...lists(input, client)]) {
        const { index, event, text, program } = stimulus;
        const fell = view
          .around(client.name)
          .find(
            ({ index: place, event: other }) =>
              place > index &&
              ((other.actor === client.name && ['exit', 'contract'].includes(other.event)) ||
                (other.event === 'protocol-error' && view.clientOf(other) === client.name)),
          );
        if (fell)
          return broken({
            expected: `the client lives on after ${text} at ${formatDuration(event.at)}`,
            actual: formatEvent(fell.event),
            by: `${formatDuration(fell.event.at - event.at)} later`,
            index: fell.index,
          });
        const lost = entriesOf(ledger, client.name).find(
          (entry) => entry.program === program && entry.state === 'lost',
        );
        if (lost && view.drainedAt !== undefined)
          return broken({
            expected: `its usage of ${text} delivered`,
            actual: 'it never came',
            by: `run ${lost.run} of ${client.name}`,
            index,
          });
        const until = event.at + client.policy.upload.gapNs;
        if (until <= view.lastAt && livesThrough(view.lives(client.name), event.at, until))
          survived.push(text);
        else why = 'the client did not live on for long enough after hostile text';
      }
    if (survived.length === 0) return couldNotTell(why);
    return kept(`${counted(survived.length, 'hostile text')} survived: ${listed(survived)}`);
  },
});

/** Programs with a name, an original name or a version of that kind. */
function programs({ view }: RuleCase, { name }: RuleClient): readonly Stimulus[] {
  return view.around(name).flatMap(({ index, event }): Stimulus[] => {
    if (event.actor !== name || event.event !== 'command') return [];
    const { id: _, name: __, ...told } = event.fields;
    const odd = Object.entries(told).find(
      ([, value]) => typeof value === 'string' && (value.length > LONG_CHARS || !PLAIN.test(value)),
    );
    if (!odd) return [];
    const [field, value] = odd;
    // A version of thousands of characters is shown by its beginning and its length.
    const length = /… \((\d+)\)$/.exec(String(value))?.[1] ?? String(value).length;
    const what = `${field} of ${length} characters`;
    return [{ index, event, text: what, program: String(told['program']) }];
  });
}

/** Connections on which a configuration of that size was sent. */
function lists({ view }: RuleCase, { name }: RuleClient): readonly Stimulus[] {
  return view.attemptsBy(name).flatMap(({ events }): Stimulus[] => {
    if (!events.some(({ event }) => event.event === 'configuration')) return [];
    const sent = events.filter(({ event }) => event.event === 'sent');
    const bytes = sent.reduce((sum, { event }) => sum + Number(event.fields['length'] ?? 0), 0);
    if (bytes < LARGE_BYTES) return [];
    const { index, event } = sent.at(-1)!;
    return [{ index, event, text: `a configuration of ${bytes} bytes` }];
  });
}
