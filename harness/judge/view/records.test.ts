import t from 'tap';
import type { FieldValue, TraceEvent } from '../../trace/event.ts';
import { recordsOf } from './records.ts';

const usage = (...ids: readonly string[]) =>
  ids.map((record) => ({ record, program: 'a.exe', startMs: 0, stopMs: 1 }));

const on = (
  event: string,
  fields: Record<string, FieldValue> = {},
  ids?: readonly string[],
): TraceEvent => ({
  at: 0n,
  actor: 'alpha',
  face: 'share',
  event,
  conn: 1,
  fields,
  ...(ids && { usage: usage(...ids) }),
});

const LIFE = [{ from: 0n, to: 10n ** 12n }] as never;

const placed = (events: readonly TraceEvent[]) => events.map((event, index) => ({ index, event }));

function accounts(...events: readonly TraceEvent[]) {
  return recordsOf(placed([on('received'), ...events]), () => true, 'ws1', LIFE).map(
    ({ record, deliveries, acknowledgedAt, offers }) => [
      record,
      deliveries,
      acknowledgedAt !== undefined,
      offers[0]?.answer?.fields['why'],
    ],
  );
}

t.test('of a log that is taken in part, each record has its own answer', (t) => {
  t.same(
    accounts(
      on('upload-offer', {}, ['r1', 'r2', 'r3']),
      on('upload-accept', { status: 207 }, ['r2']),
      on('upload-refuse', { status: 207, why: 'later' }, ['r1']),
      on('upload-refuse', { status: 207, why: 'refused' }, ['r3']),
      on('sent'),
    ),
    [
      ['r1', 0, false, 'later'],
      ['r2', 1, true, undefined],
      ['r3', 0, false, 'refused'],
    ],
  );
  t.end();
});

t.test(
  'an acknowledgement that is malformed never arrived; with flipped bits it did perhaps',
  (t) => {
    const offer = on('upload-offer', {}, ['r1']);
    const accept = on('upload-accept', { status: 201 }, ['r1']);
    t.same(accounts(offer, accept, on('malformed', { why: 'wrong-length' }), on('sent')), [
      ['r1', 1, false, undefined],
    ]);
    const [struck] = recordsOf(
      placed([offer, accept, on('sent'), on('garbled', { bytes: 3 })]),
      () => true,
      'ws1',
      LIFE,
    );
    t.match(struck, { settled: false, acknowledgedAt: 0n });
    t.end();
  },
);
