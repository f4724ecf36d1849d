import t from 'tap';
import { caseWith, DIALECT, KNOWN, load } from './case.fixture.ts';
import { explain } from './explain.ts';
import { loadCase } from './load.ts';
import { skeleton } from './skeleton.ts';

t.test('a case is told in prose: who, what goes wrong, what must be and must never be', (t) => {
  const text = explain(
    load(
      caseWith(
        `pattern: PRIMARY-FIXATION
rules: [SWM-1, SF-1]
client: { mode: online, attempts: 3 }
seats: { word.exe: 2 }
play: |
  0s   alpha.share  down lost-ack new-only for 1 upload-accept
  0s   bravo        down cut 20 rst for 2h
  0s   client       start
  10m  client       run word.exe for 5m
  on alpha.share upload-accept from=client #2 +1m  client  clock -1d
  +5m  client       kill
  +0s  client       start
  6h   alpha        down deny why=no-seat
  7h   alpha        up
  8h   end
expect: |
  try: 4h..4h1m  alpha.share  refused  {1..2} every 15m ±1m
  ..+2m          bravo.share  upload-offer  records=1 record=$r
  any order:
    ..           *  connect  {2..}
    5h..@try+1h  client  exit  {0..1}
never: |
  0s..@try.first  bravo.pipe  lease-request  {2}
ledger: delivered=1
catches: [primary-fixation]`,
      ),
    ),
    new Map([['SWM-1', { obligation: 'the client sends usage elsewhere', source: 'Q235786' }]]),
  );
  t.equal(
    text,
    `offline/a-case
A case.
Source: Q235786. Failure pattern: PRIMARY-FIXATION. File: suites/offline/a-case.yaml

Who
  The servers alpha, bravo, in this order; alpha is the assigned one. Dialect: metering.
  Seats on each server: 2 of word.exe.
  client is online: 3 attempts, 15m apart, on a server; polls and uploads every 4h; says every 1h that it runs; waits 10s for a connection and 30s for an answer.
  A server takes the licences of a client back after 2h of silence.

What happens
  At 0s: alpha.share does what it accepts, but the acknowledgement never leaves, nor does anything after it, on new connections only, until it has seen 1 × upload-accept.
  At 0s: bravo ends a connection, with a FIN or an RST, once it has sent that many bytes on it (bytes=20 with=rst), for 2h.
  At 0s: client is started.
  At 10m: a user of client runs word.exe for 5m.
  1m after this is seen (alpha.share: the server has stored them (upload-accept from=client), number 2 since the step before): the clock of client is set back by 1d.
  5m later: client is killed (SIGKILL); its data folder stays.
  At the same time: client is started.
  At 6h: alpha answers with the fault deny (why=no-seat).
  At 7h: alpha works again.
  At 8h: the play is over. All faults are lifted, and the client gets the time to deliver what it holds.

What must be seen, in this order
  Between 4h and 4h1m for the first: alpha.share: a connection attempt was answered with a reset (nobody listens) (refused), 1 to 2 times, every 15m ±1m [try]
  Within 2m of that: bravo.share: the client offers usage records (upload-offer records=1 record=$r)
  In any order:
    After that: any server: a connection was accepted (connect), 2 times or more
    Between 5h and 1h after the last match of try: client: the process ended (exit), 0 to 1 times

What must never be seen
  Until the first match of try: bravo.pipe: the client asks for a licence (lease-request), 2 times or more

What must have become of the usage records
  delivered=1: records that a server has accepted, each counted once

Rules that it exercises, besides those that every case checks
  SWM-1: the client sends usage elsewhere (Q235786)
  SF-1

Bugs of the reference client that it must catch
  primary-fixation
`,
  );
  t.end();
});

t.test('the skeleton of a new case is valid, and says how it is run', (t) => {
  const text = skeleton('offline/my-case');
  const plan = loadCase(text, 'suites/offline/my-case.yaml', { ...KNOWN, dialects: [DIALECT] });
  t.ok(plan.expect.length > 0 && plan.never.length > 0 && plan.ledger);
  t.match(text, 'meterproof run offline/my-case');
  t.end();
});
