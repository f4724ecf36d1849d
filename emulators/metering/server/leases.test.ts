import fc from 'fast-check';
import t from 'tap';
import { Leases, MAX_LEASES_PER_CLIENT } from './leases.ts';

const RULES = {
  server: 'alpha',
  seats: { 'a.exe': 2, 'none.exe': 0 },
  forbidden: [],
  permitted: {},
};
const wish = (client: string, program: string) => ({ client, user: '', program, originalName: '' });

t.test('no play of requests and releases gives away more seats than there are', (t) => {
  const step = fc.record({
    client: fc.constantFrom('ws1', 'ws2', 'ws3'),
    program: fc.constantFrom('a.exe', 'A.EXE', 'b.exe', 'none.exe'),
    release: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const leases = new Leases(RULES);
      for (const { client, program, release } of steps)
        if (release) {
          for (const { lease } of leases.holdings(client)) leases.release(client, lease);
        } else leases.request(wish(client, program));
      const held = ['ws1', 'ws2', 'ws3'].flatMap((client) => leases.holdings(client));
      const seated = held.filter(({ program }) => program.toLowerCase() === 'a.exe');
      const free = 'lease' in leases.request(wish('ws4', 'a.exe'));
      return seated.length <= 2 && free === seated.length < 2;
    }),
  );
  t.match(new Leases(RULES).request(wish('ws1', 'none.exe')), { why: 'no-seat' });
  t.end();
});

t.test('the leases of a client have an end', (t) => {
  const leases = new Leases(RULES);
  for (let n = 0; n < MAX_LEASES_PER_CLIENT; n++) leases.request(wish('ws1', `p${n}.exe`));
  t.match(leases.request(wish('ws1', 'more.exe')), { why: 'no-seat' });
  t.match(leases.request(wish('ws1', 'p0.exe')), { lease: { lease: 'alpha-1' } });
  t.match(leases.request(wish('ws2', 'more.exe')), { lease: { lease: 'alpha-513' } });
  t.end();
});

t.test('an ended lease is told by its program to its client, for a while', (t) => {
  const leases = new Leases(RULES);
  for (let n = 1; n <= 1026; n++) {
    leases.request(wish('ws1', 'a.exe'));
    leases.release('ws1', `alpha-${n}`);
  }
  t.equal(leases.release('ws1', 'alpha-2'), undefined);
  t.equal(leases.release('ws2', 'alpha-1026'), undefined);
  t.match(leases.release('ws1', 'alpha-1026'), { program: 'a.exe' });
  t.strictSame(leases.known('ws1', ['alpha-1026']), []);
  t.end();
});
