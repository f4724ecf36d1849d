import t from 'tap';
import { settle } from './settle.ts';

function scene(...ids: readonly string[]) {
  const done: unknown[] = [];
  const spool = {
    read: () => Buffer.from(ids.map((id) => `{"id":"${id}"}\n`).join('')),
    replace: (log: string, logs: readonly (readonly string[])[], aside: readonly string[]) => {
      done.push({ log, logs, aside });
      return logs.map((_, index) => `${log}.${index}`);
    },
  };
  return { done, spool };
}

t.test('of a log that was stored in part only the rest is sent again, later', (t) => {
  const { done, spool } = scene('r1', 'r2', 'r3', 'r4');
  const partial = { accepted: ['r1', 'x'], refused: ['r3'] };
  t.same(settle(spool, '1', { status: 207, why: '', partial }), []);
  t.same(done, [{ log: '1', logs: [['{"id":"r2"}', '{"id":"r4"}']], aside: ['{"id":"r3"}'] }]);
  const whole = scene('r1');
  settle(whole.spool, '1', { status: 207, why: '', partial: { accepted: ['r1'], refused: [] } });
  t.same(whole.done, [{ log: '1', logs: [], aside: [] }]);
  t.end();
});

t.test('a log that is too large is offered in halves, down to one record', (t) => {
  const { done, spool } = scene('r1', 'r2', 'r3');
  t.same(settle(spool, '1', { status: 413, why: '' }), ['1.0', '1.1']);
  t.match(done, [{ logs: [['{"id":"r1"}', '{"id":"r2"}'], ['{"id":"r3"}']] }]);
  t.equal(settle(scene('r1').spool, '1', { status: 413, why: '' }), undefined);
  t.equal(settle(scene('r1', 'r2').spool, '1', { status: 400, why: '' }), undefined);
  t.end();
});
