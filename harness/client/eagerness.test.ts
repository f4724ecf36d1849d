import t from 'tap';
import { Eagerness, LOOKS_FOR_MS } from './eagerness.ts';

/** One wait that takes `ms`; true when it looked. */
function wait(eagerness: Eagerness, ms: number): boolean {
  const { isEager } = eagerness;
  eagerness.begin();
  if (isEager) eagerness.looked(ms);
  eagerness.end();
  return isEager;
}

const QUICK = LOOKS_FOR_MS / 10;
const SLOW = LOOKS_FOR_MS * 2;

t.test('answers that come at once are looked for, each of them', (t) => {
  const eagerness = new Eagerness(2);
  const looked = Array.from({ length: 1_000 }, () => wait(eagerness, QUICK));
  t.notOk(looked.includes(false));
  t.end();
});

t.test('after one that did not come it sleeps for a while, and looks again', (t) => {
  const eagerness = new Eagerness(2);
  wait(eagerness, SLOW);
  const looked = Array.from({ length: 100 }, () => wait(eagerness, QUICK));
  t.notOk(looked[0]);
  t.ok(looked.slice(50).every(Boolean));
  t.end();
});

t.test('where most of them do not come it seldom looks', (t) => {
  const eagerness = new Eagerness(2);
  let looks = 0;
  for (let waits = 0; waits < 30_000; waits++)
    if (wait(eagerness, looks % 3 === 0 ? QUICK : SLOW)) looks++;
  t.ok(looks < 3_000, `${looks} looks`);
  t.end();
});

t.test('no core is taken from a client: each that is at work has one', (t) => {
  t.notOk(new Eagerness(1).isEager);
  const eagerness = new Eagerness(3);
  eagerness.begin();
  t.ok(eagerness.isEager, 'one client, us');
  eagerness.begin();
  t.notOk(eagerness.isEager, 'two clients, us, and nobody could look');
  eagerness.end();
  t.ok(eagerness.isEager);
  t.end();
});
