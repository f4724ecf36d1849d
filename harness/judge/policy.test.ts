import t from 'tap';
import { MINUTE, SECOND } from '../clock/clock.ts';
import { OFFLINE, ONLINE } from './judge.fixture.ts';
import { meteringPolicy, policyOf } from './policy.ts';

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

t.test('what a profile states stands in place of it, phase by phase', (t) => {
  const stated = { order: 'listed', attemptsPerMinute: 10 } as const;
  t.same(policyOf(ONLINE, SERVERS, undefined), meteringPolicy(ONLINE, SERVERS));
  t.same(policyOf(ONLINE, SERVERS, stated), meteringPolicy(ONLINE, SERVERS));
  const own = policyOf(ONLINE, SERVERS, {
    ...stated,
    records: 'counter',
    phases: {
      acquire: { attempts: 9, gapNs: MINUTE, failback: 'after-probes', probes: 3, jitter: 0.5 },
      upload: { order: 'any', idleNs: SECOND },
    },
  });
  t.match(own, {
    records: 'counter',
    acquire: {
      attempts: 9,
      gapNs: MINUTE,
      jitter: 0.5,
      failback: { kind: 'after-probes', probes: 3 },
      order: SERVERS,
    },
    upload: { attempts: 1, timeouts: { idleNs: SECOND, answerNs: 30n * SECOND } },
  });
  t.equal(own.upload.order, undefined);
  t.equal(policyOf(OFFLINE, SERVERS, { ...stated, phases: { acquire: {} } }).acquire, undefined);
  t.end();
});
