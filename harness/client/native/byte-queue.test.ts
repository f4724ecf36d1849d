import t from 'tap';
import { ByteQueue } from './byte-queue.ts';

t.test('bytes come out in order, whatever the pieces', (t) => {
  const text = 'abcdefghijkl';
  for (const piece of [1, 2, 3, 5, 12, 20]) {
    const queue = new ByteQueue();
    for (const part of ['ab', '', 'cdefg', 'h', 'ijkl']) queue.push(Buffer.from(part));
    let out = '';
    while (queue.length > 0) {
      const taken = queue.take(piece);
      t.ok(taken.length > 0 && taken.length <= piece);
      out += taken.toString();
    }
    t.equal(out, text);
    t.equal(queue.take(5).length, 0);
  }
  t.end();
});
