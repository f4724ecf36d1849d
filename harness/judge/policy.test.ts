import t from 'tap';
import { OFFLINE, ONLINE } from './judge.fixture.ts';
import { meteringPolicy } from './policy.ts';

const SERVERS = ['alpha', 'bravo'];

t.test('online sticks, offline switches', (t) => {
  const offline = meteringPolicy(OFFLINE, SERVERS);
  t.equal(offline.acquire, undefined, 'an offline client asks for no licence');
  t.match(offline.upload, { face: 'share', order: SERVERS, attempts: 1, sticky: false });
  t.equal(offline.upload.gapNs, OFFLINE.retryDelayNs);
  t.equal(offline.upload.everyNs, OFFLINE.pollingIntervalNs);

  const online = meteringPolicy(ONLINE, SERVERS);
  t.match(online.acquire, {
    face: 'pipe',
    order: SERVERS,
    attempts: 3,
    sticky: true,
    failback: { kind: 'after-probes', probes: 1 },
  });
  t.equal(online.renew?.order, undefined, 'a lease is renewed where it was granted');
  t.equal(online.renew?.everyNs, ONLINE.liveStatusIntervalNs);
  t.same(online.upload, offline.upload, 'records travel in one way');
  t.end();
});
