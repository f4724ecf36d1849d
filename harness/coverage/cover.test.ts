import t from 'tap';
import type { Dialect } from '../../emulators/emulator.ts';
import { cover } from './cover.ts';
import { DIALECT, traceOf, UNDECODED } from './trace.fixture.ts';

/** Face, fault and state of the cells that a trace touches, in the order of the alphabet. */
function touched(text: string, dialect: Dialect = DIALECT): readonly string[] {
  return [...cover(traceOf(text), dialect).touched].toSorted();
}

/** On connection 1: a session with a lease. */
const LEASED = `
  0s   ws1         start
  1ms  alpha.pipe  connect        #1
  2ms  alpha.pipe  received       #1 text=ask:hello
  2ms  alpha.pipe  hello          #1
  2ms  alpha.pipe  sent           #1 text=whole
  3ms  alpha.pipe  received       #1 text=ask:lease-request
  3ms  alpha.pipe  lease-request  #1 program=a.exe
  3ms  alpha.pipe  lease-grant    #1 lease=l1
  3ms  alpha.pipe  sent           #1 text=whole
`;

t.test('an attempt meets a refusal apart, with a lease, and after a restart', (t) => {
  t.same(
    touched(`
      0s   alpha       down     fault=refuse
      0s   ws1         start
      1s   alpha.pipe  refused
      2s   alpha       up       fault=refuse
      3s   alpha.pipe  refused`),
    ['pipe/refuse/apart'],
    'and only while it is in force',
  );
  t.same(
    touched(`${LEASED}
      1m    alpha       down     fault=refuse
      1m    alpha.pipe  reset    #1 by=server
      2m    alpha.pipe  refused
      3m    ws1         kill
      4m    ws1         start
      4m    alpha.pipe  refused`),
    [
      'pipe/kill/apart-leased',
      'pipe/refuse/apart-leased',
      'pipe/refuse/idle-leased',
      'pipe/refuse/restarted',
    ],
  );
  t.end();
});

t.test('a fault that nobody meets touches nothing', (t) => {
  t.same(
    touched(`${LEASED}\n 1m alpha.share down fault=refuse\n 1h alpha.share up fault=refuse`),
    [],
  );
  t.same(
    touched(`${LEASED}
      1m  alpha       down   fault=black-hole  new-only=true
      2m  alpha.pipe  received     #1 text=ask:lease-renew
      2m  alpha.pipe  lease-renew  #1
      2m  alpha.pipe  sent         #1 text=whole
      3m  alpha.pipe  reset        #1 by=server`),
    [],
    'a later reset is not of its making',
  );
  t.same(
    touched(`
      0s  alpha       down     fault=hang
      0s  alpha       down     fault=refuse
      0s  alpha       down     fault=half-open
      0s  ws1         start
      1s  alpha.pipe  refused`),
    ['pipe/refuse/apart'],
    'only one that refuses is met by a refusal',
  );
  t.same(
    touched(`${LEASED}\n 1m alpha down fault=hang\n 2m alpha.pipe swallowed #1 text=bye`),
    [],
    'a goodbye awaits nothing',
  );
  t.same(
    touched(`${LEASED}\n 1m alpha down fault=hang\n 1m alpha.pipe reset #1 by=server`),
    [],
    'a hanging server resets nothing',
  );
  t.same(
    touched(`${LEASED}\n 1m bravo down fault=hang\n 2m alpha.pipe swallowed #1 text=ask:x`),
    [],
  );
  t.end();
});

t.test('a fault of another face is none of this one', (t) => {
  t.same(
    touched(`
      0s  alpha.pipe   down     fault=refuse
      0s  ws1          start
      1s  alpha.share  refused
      2s  alpha.pipe   refused`),
    ['pipe/refuse/apart'],
  );
  t.end();
});

t.test('what is swallowed is known by its bytes, or not at all', (t) => {
  const hang = `${LEASED}
    1m  alpha       down       fault=hang
    2m  alpha.pipe  swallowed  #1 text=ask:lease-renew`;
  t.same(touched(hang), ['pipe/hang/lease-renew']);
  t.same(touched(hang, UNDECODED), ['pipe/hang/request']);
  t.same(
    touched(
      hang.replace('swallowed', 'received').replace('hang', 'busy') +
        '\n 2m alpha.pipe lease-renew #1\n 2m alpha.pipe busy #1',
      UNDECODED,
    ),
    ['pipe/busy/lease-renew'],
    'a note says what was asked',
  );
  t.end();
});

t.test('a reset behind a request, and one at the door', (t) => {
  t.same(
    touched(`${LEASED}
      1m  alpha.pipe  down      fault=reset-after-request
      2m  alpha.pipe  received  #1 text=ask:lease-renew
      2m  alpha.pipe  reset     #1 by=server
      3m  alpha       down      fault=reset
      4m  alpha.pipe  connect   #2
      4m  alpha.pipe  reset     #2 by=server`),
    ['pipe/reset-after-request/lease-renew', 'pipe/reset/apart-leased'],
  );
  t.end();
});

t.test('a server that vanished is met by what is sent into the silence, or by giving up', (t) => {
  const vanished = `${LEASED}\n 1m alpha down fault=half-open`;
  t.same(touched(vanished), [], 'not yet');
  t.same(touched(`${vanished}\n 1h alpha.pipe close #1 by=client`), ['pipe/half-open/idle-leased']);
  t.same(touched(`${vanished}\n 1h alpha.pipe swallowed #1 text=ask:lease-renew`), [
    'pipe/half-open/idle-leased',
    'pipe/half-open/lease-renew',
  ]);
  t.same(
    touched(`${vanished}\n 1h ws1 kill\n 1h alpha.pipe reset #1 by=client`),
    ['pipe/kill/idle-leased'],
    'the end of a killed client is no meeting',
  );
  const spared = vanished.replace('half-open', 'half-open new-only=true');
  t.same(touched(`${spared}\n 1h alpha.pipe close #1 by=client`), []);
  t.end();
});

const DOWNLOAD = `
  0s   ws1          start
  1ms  alpha.share  connect        #1
  2ms  alpha.share  received       #1 text=ask:configuration
  2ms  alpha.share  configuration  #1`;

t.test('a slow answer is met when it leaves, in its midst, and by a client that gives up', (t) => {
  const slow = `0s alpha down fault=slow latency=20s ${DOWNLOAD}`;
  t.same(touched(slow), []);
  for (const end of ['close', 'reset'])
    t.same(
      touched(`${slow}\n 30s alpha.share ${end} #1 by=client`),
      ['share/slow/configuration'],
      end,
    );
  t.same(
    touched(`${slow}\n 20s alpha.share sent #1 text=part\n 21s alpha.share sent #1 text=whole`),
    ['share/slow/configuration', 'share/slow/configuration-half'],
  );
  t.same(
    touched(`${slow}
      20s  alpha.share  sent   #1 text=part
      21s  alpha        down   fault=refuse
      21s  alpha.share  reset  #1 by=server`),
    ['share/refuse/configuration-half', 'share/slow/configuration'],
  );
  t.end();
});

t.test('what happens to an answer happens to what was asked', (t) => {
  t.same(
    touched(`0s alpha down fault=cut bytes=20 with=rst ${DOWNLOAD}
      2ms  alpha.share  sent         #1 text=part
      2ms  alpha.share  answer-lost  #1 sent=20`),
    ['share/cut rst/configuration-half'],
  );
  t.same(
    touched(`0s alpha down fault=garbage ${DOWNLOAD}
      2ms  alpha.share  sent     #1 text=whole
      2ms  alpha.share  garbled  #1 bytes=1`),
    ['share/garbage/configuration'],
  );
  t.same(
    touched(`0s alpha down fault=duplicate ${DOWNLOAD}\n 2ms alpha.share sent #1 text=whole`),
    ['share/duplicate/configuration'],
  );
  t.same(
    touched(`
      0s   alpha        down           fault=lost-ack
      0s   ws1          start
      1ms  alpha.share  connect        #1
      2ms  alpha.share  received       #1 text=ask:upload-offer
      2ms  alpha.share  upload-offer   #1
      2ms  alpha.share  upload-accept  #1
      2ms  alpha        up             fault=lost-ack
      2ms  alpha.share  answer-lost    #1 sent=0`),
    ['share/lost-ack/upload-offer'],
    'also where the acceptance has just lifted it',
  );
  t.end();
});

t.test('an answer fault is met by the answer that it makes', (t) => {
  const denied = `${LEASED}
    1m  alpha.pipe  received       #1 text=ask:lease-request
    1m  alpha.pipe  lease-request  #1
    1m  alpha.pipe  lease-deny     #1 why=no-seat`;
  t.same(touched(denied), [], 'a denial of its own is no fault');
  t.same(touched(denied.replace('0s', '0s alpha down fault=deny\n0s')), [
    'pipe/deny/lease-request',
  ]);
  t.same(touched(`0s alpha down fault=503 ${DOWNLOAD} status=503`), ['share/503/configuration']);
  t.end();
});

t.test('what becomes of a server is met at the next sign of life', (t) => {
  const forgotten = `${LEASED}\n 1m alpha restart state=lost`;
  t.same(touched(forgotten), []);
  t.same(touched(`${forgotten}\n 1m alpha.pipe reset #1 by=server`), [
    'pipe/restart lost/idle-leased',
  ]);
  t.same(
    touched(`${LEASED}
      1m  alpha.pipe  reset    #1 by=server
      2m  alpha       seats    program=a.exe seats=0
      3m  alpha.pipe  connect  #2`),
    ['pipe/seats/apart-leased'],
  );
  t.same(
    touched(`${LEASED}\n 1m alpha seats program=a.exe seats=0\n 1m alpha.pipe sent #1 text=whole`),
    [],
    'an answer that was on its way tells nothing of it',
  );
  t.same(touched(`0s alpha clock-skew by=3h ${DOWNLOAD}\n 2ms alpha.share sent #1 text=whole`), [
    'share/clock-skew/configuration',
  ]);
  t.end();
});

t.test('a lease that the server has forgotten is one until they talk again', (t) => {
  const again = `${LEASED}
    1m  alpha       restart   state=lost
    1m  alpha.pipe  reset     #1 by=server
    2m  alpha.pipe  connect   #2
    2m  alpha.pipe  received  #2 text=ask:hello
    2m  alpha.pipe  hello     #2
    2m  alpha.pipe  sent      #2 text=whole
    3m  ws1         kill`;
  t.same(touched(again), ['pipe/kill/idle', 'pipe/restart lost/idle-leased']);
  const anew = again.replace(
    /3m +ws1 +kill/,
    `3m  alpha.pipe  received       #2 text=ask:lease-request
     3m  alpha.pipe  lease-request  #2
     3m  alpha.pipe  lease-grant    #2 lease=l1
     3m  alpha.pipe  sent           #2 text=whole
     4m  alpha.pipe  received       #2 text=ask:lease-renew
     4m  alpha.pipe  lease-renew    #2
     4m  alpha.pipe  sent           #2 text=whole
     5m  ws1         kill`,
  );
  t.same(
    touched(anew),
    ['pipe/kill/idle-leased', 'pipe/restart lost/idle-leased'],
    'a server that has forgotten its leases may give the same names again',
  );
  t.end();
});

t.test('a client that waits to be called back', (t) => {
  const waiting = `${LEASED}
    1m  alpha.pipe  received          #1 text=ask:callback-request
    1m  alpha.pipe  callback-request  #1
    1m  alpha.pipe  sent              #1 text=whole`;
  const refused = '\n 2m alpha down fault=refuse\n 2m alpha.pipe reset #1 by=server';
  t.same(touched(waiting + refused), ['pipe/refuse/callback-awaited']);
  const called = '\n 1m alpha.pipe callback #1\n 1m alpha.pipe sent #1 text=whole';
  t.same(touched(waiting + called + refused), ['pipe/refuse/idle-leased']);
  t.end();
});

t.test('the end of the play lifts everything', (t) => {
  t.same(
    touched(`
      0s  alpha        down     fault=refuse
      0s  ws1          start
      1h  harness      end
      2h  alpha.share  refused`),
    [],
  );
  t.end();
});

t.test('a state counts as reached when a client was in it, idle ones when it stayed', (t) => {
  const reached = (text: string) => [...cover(traceOf(text), DIALECT).reached].toSorted();
  const loaded = `${DOWNLOAD}\n 2ms alpha.share sent #1 text=whole`;
  const states = ['share/apart', 'share/configuration', 'share/connected'];
  t.same(reached(`${loaded}\n 2ms alpha.share close #1 by=server`), states);
  t.same(reached(`${loaded}\n 5s alpha.share close #1 by=client`), [...states, 'share/idle']);
  t.end();
});
