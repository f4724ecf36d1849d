import { formatEvent } from '../../trace/format.ts';
import { leasesOf } from './leases.ts';
import { broken, counted, couldNotTell, defineRule, kept } from './rule.ts';

export const FO_4 = defineRule({
  id: 'FO-4',
  version: 1,
  obligation:
    'the client sends renewal and release to the server that granted, usage records to any',
  source: 'RFC 6733 §5.5.4',
  always: false,
  needs: 'a licence is renewed or released',
  judge({ view, clients }) {
    let right = 0;
    for (const { name } of clients) {
      const leases = leasesOf(view, name);
      const checkedOut = view.eventsOf(name, 'lease-checkout');
      for (const { index, event } of view.eventsOf(name, 'lease-renew', 'lease-release')) {
        const before = leases.filter(({ grantIndex }) => grantIndex < index);
        const id = event.fields['lease'];
        const named = before.filter(({ lease }) => id === undefined || lease === String(id));
        const isCheckedOut = (id === undefined ? checkedOut : []).some(
          (out) => out.index < index && out.event.actor === event.actor,
        );
        if (isCheckedOut || named.some(({ server }) => server === event.actor)) {
          right++;
          continue;
        }
        const granted = (named.length > 0 ? named : before).at(-1);
        // A sign of life without a licence, or a licence from before the trace: nothing was sent astray.
        if (!granted || (named.length === 0 && id !== undefined)) continue;
        return broken({
          expected: `${event.event} on ${granted.server}, which granted ${granted.lease}`,
          actual: formatEvent(event),
          by: `${event.actor} granted ${id === undefined ? 'nothing' : 'no such lease'}`,
          index,
        });
      }
    }
    if (right === 0) return couldNotTell('no licence was renewed or released');
    return kept(`${counted(right, 'message')} about a licence, each to the server that granted it`);
  },
});
