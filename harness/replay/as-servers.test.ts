import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { few, long } from '../run/depth.fixture.ts';
import { metering } from '../../emulators/metering/index.ts';
import { opaque } from '../../emulators/opaque/index.ts';
import type { TimeChoice } from '../run/choose-time.ts';
import { runSuite } from '../run/run-suite.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { formatTrace } from '../trace/file.ts';
import { playAsServers, type AsServersOptions } from './as-servers.ts';
import {
  captureIn,
  caseOf,
  clientNamed,
  CORPUS,
  FIELD,
  fromTheField,
  spread,
  withoutBytes,
} from './corpus.fixture.ts';

const GOOD = 'captures/reference-offline-primary-refuses.jsonl';

function play(
  trace: Trace,
  spec: string,
  more: Partial<AsServersOptions> = {},
): ReturnType<typeof playAsServers> {
  // A thread is killed in another way than a process.
  const isThread =
    spec.startsWith('reference') && !trace.events.some(({ event }) => event === 'kill');
  const mode: TimeChoice = { mode: isThread ? 'in-process' : 'virtual' };
  return playAsServers(trace, {
    file: 'a.jsonl',
    client: clientNamed(spec),
    dialect: metering,
    time: mode,
    seed: 1,
    ...more,
  });
}

const withCase = ({ header }: Trace): Partial<AsServersOptions> => ({ plan: caseOf(header.case) });
/** What the header says of the run is not what happened in it. */
const words = ({ header: { client: _c, capture: _n, ...header }, events }: Trace): string =>
  formatTrace({ header: { ...header, client: '' }, events });
/** Up to where a run is cleared away: what is on its way then may come or not. */
const story = (trace: Trace): string => {
  const drained = trace.events.findIndex(({ event }) => event === 'drained');
  return words({ ...trace, events: trace.events.slice(0, drained) });
};

t.test(
  'each session of the corpus, played to the build that was recorded, is the same',
  async (t) => {
    t.ok(CORPUS.length >= 17);
    for (const file of few(CORPUS, 'sessions played to the build that was recorded')) {
      const trace = captureIn(file);
      const played = await play(trace, trace.header.client, withCase(trace));
      t.strictSame(played.diff, { major: [], minor: [] }, file);
      t.strictSame([played.error, played.unseen, played.repeated], [undefined, [], []], file);
      t.equal(played.activity, 'commands');
    }
  },
);

long('a session that was just played is the same again, event by event', async (t) => {
  const outDir = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(outDir, { recursive: true }));
  for (const id of [
    'offline/primary-loses-the-ack',
    'online/both-down-only-primary-returns',
    'leases/two-runs-share-one-licence',
    'wire/retry-after-date',
  ]) {
    const [result] = await runSuite(
      [caseOf(id)],
      {
        client: clientNamed('reference'),
        time: { mode: 'in-process' },
        seed: 5,
        epochMs: Date.UTC(2003, 3, 1),
        workers: 1,
        bail: false,
        outDir,
      },
      { begin() {}, result() {}, end() {} },
    );
    const { trace } = result!;
    const played = await play(trace, 'reference', { ...withCase(trace), seed: 5 });
    t.equal(story(played.trace), story(trace), id);
  }
});

t.test(
  'what another build does differently is told, and where nothing is known any more',
  async (t) => {
    const trace = captureIn(GOOD);
    const { diff, unseen } = await play(trace, 'reference:rtm', withCase(trace));
    t.match(diff.minor.join('\n'), /client: 0 instead of 3 attempts on bravo\.share/);
    t.notMatch(diff.major.join('\n'), /verdict/, 'half a session has none');
    const [first] = unseen;
    t.match(first, { place: 'alpha.share', asked: 'upload notepad.exe' });
    t.match(trace.events[first!.near[0]! - 2], { event: 'received', actor: 'alpha' });
  },
);

t.test('a request that the capture never saw is answered by nothing but a reset', async (t) => {
  const trace = captureIn('captures/reference-rtm-offline-primary-refuses.jsonl');
  const { trace: came, unseen } = await play(trace, 'reference', withCase(trace));
  t.match(unseen[0], { place: 'bravo.share', asked: 'GET /LicMtr/dbup.ini', near: [] });
  const line = came.events[unseen[0]!.line - 2];
  t.match(line, { event: 'gap', fields: { why: 'not-recorded' } });
  const next = came.events.find(({ conn, event }) => conn === line!.conn && event === 'reset');
  t.match(next?.fields, { by: 'server' });
});

t.test('other ids, another seed: answers are made ones to the new requests', async (t) => {
  for (const file of [
    'captures/reference-offline-primary-loses-the-ack.jsonl',
    'captures/reference-rtm-online-old-seat-released-after-return.jsonl',
  ]) {
    const trace = captureIn(file);
    const epochMs = Date.UTC(2010, 5, 7);
    const { client } = trace.header;
    const played = await play(trace, client, { ...withCase(trace), seed: 77, epochMs });
    t.strictSame(played.diff, { major: [], minor: [] }, file);
    t.strictSame(played.unseen, []);
    const ids = ({ events }: Trace) =>
      events.flatMap(({ event, fields }) => (event === 'upload-accept' ? fields['record']! : []));
    t.not(ids(played.trace)[0], ids(trace)[0], 'the records are others');
    const dates = sentText(played.trace, 'share').match(/^date: .*$/gim) ?? [];
    t.ok(dates.length > 0 && dates.every((date) => / Jun 2010 /.test(date)), 'so is the date');
  }
});

function sentText({ events }: Trace, face: string): string {
  return events
    .filter((event) => event.event === 'sent' && event.face === face)
    .map(({ bytes }) => Buffer.from(bytes ?? '', 'base64').toString('latin1'))
    .join('\n');
}

t.test(
  'a capture of the wire: settings, downtimes and programs are as told or inferred',
  async (t) => {
    const field = fromTheField(captureIn(GOOD));
    const settings = { attempts: '5', retryDelay: '15m' };
    const alone = await play(field, 'reference', { settings });
    t.equal(alone.activity, 'records', 'its usage records say which programs ran');
    t.strictSame([alone.diff.major, alone.unseen], [[], []]);
    const plan = caseOf('offline/primary-refuses');
    const led = await play(field, 'reference', { plan });
    t.equal(led.activity, 'case');
    t.strictSame([led.diff, led.unseen], [{ major: [], minor: [] }, []]);
    const other = await play(field, 'reference:rtm', { plan });
    t.match(other.diff.minor.join('\n'), /0 instead of 3 attempts on bravo\.share/);
  },
);

long(
  'what tcpdump saw of a build: played to it, at the settings that its pace lets guess',
  async (t) => {
    t.ok(FIELD.length > 0);
    for (const file of FIELD.filter((name) => name.includes('tcpdump-example-python-primary'))) {
      const trace = captureIn(file);
      const [build] = /example-\w+/.exec(file)!;
      const played = await play(trace, build, { file });
      t.strictSame([played.diff, played.unseen], [{ major: [], minor: [] }, []], file);
      t.strictSame(played.repeated, [], 'up to the end of the capture');
      t.match(played.supposed.join(), /pollingInterval: .*clients began 30s before the capture/);
      const others = { settings: { pollingInterval: '1m' } };
      const slower = await play(trace, build, others);
      t.match(slower.diff.minor.join(), /attempts on alpha\.share/, 'what is told is not guessed');
    }
  },
);

t.test('what cannot be played is refused with its reason', async (t) => {
  const trace = captureIn(GOOD);
  const only = (keep: (event: TraceEvent, index: number) => boolean): Trace => ({
    ...trace,
    events: trace.events.filter(keep),
  });
  const refused: readonly (readonly [trace: Trace, why: RegExp])[] = [
    [only(({ face }) => face === undefined), /a\.jsonl: no line of it is about a face of a server/],
    [
      only(({ event }) => event !== 'sent' && event !== 'refused'),
      /a\.jsonl: no line has bytes that a server sent .* server side was not recorded/,
    ],
    [
      only((event) => event.event !== 'connect' || event.conn !== 2),
      /a\.jsonl:\d+: connection 2 is recorded from its middle on/,
    ],
    [
      {
        ...trace,
        events: trace.events.map(withoutBytes),
      },
      /a\.jsonl:\d+: the bytes of this line are not in the capture/,
    ],
    [
      {
        ...trace,
        events: trace.events.map((event) => ({ ...event, ...(event.face && { face: 'door' }) })),
      },
      /a\.jsonl:\d+: servers of metering have no face "door"/,
    ],
  ];
  for (const [bad, why] of refused) await t.rejects(play(bad, 'reference', withCase(trace)), why);
  await t.rejects(
    play(trace, 'reference', { dialect: opaque }),
    /the dialect opaque cannot be replayed as servers/,
  );
  await t.rejects(
    play(trace, 'reference', {
      plan: { ...caseOf('offline/primary-refuses'), dialect: 'x' },
      dialect: { ...metering, name: 'x' },
    }),
    /speaks metering/,
  );
});

long('sessions in real time, played in virtual time, are the same', async (t) => {
  // Downtimes that follow from events, and ends of connections that follow from downtimes.
  for (const file of CORPUS.filter((name) =>
    /killed|mid-frame|old-seat|loses-the-ack/.test(name),
  )) {
    const trace = spread(captureIn(file));
    const { diff, unseen } = await play(trace, trace.header.client, withCase(trace));
    t.strictSame([diff, unseen], [{ major: [], minor: [] }, []], file);
  }
});

t.test('times of a real machine, and names as they come in the field', async (t) => {
  const trace = captureIn(GOOD);
  let drift = 0n;
  const field = fromTheField(trace);
  const events = field.events.map((event, index): TraceEvent => {
    drift += BigInt((index * 7919) % 13) * 1_370_011n;
    return { ...event, at: event.at + drift, from: '../CORP\\Müller 7' };
  });
  const plan = caseOf('offline/primary-refuses');
  const played = await play({ ...field, events }, 'reference', { plan });
  t.strictSame(
    [played.diff, played.unseen, played.error],
    [{ major: [], minor: [] }, [], undefined],
  );
  t.ok(played.trace.events.some(({ from }) => from === 'client-1'));
  await t.rejects(
    play(
      { ...field, events: events.map((event) => ({ ...event, actor: '../alpha' })) },
      'reference',
      { plan },
    ),
    /a\.jsonl:2: "\.\.\/alpha" cannot be the name of a server/,
  );
});
