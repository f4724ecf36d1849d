// One suite for both mounts of the share: node:http on a stream, and the msw handlers.
import { getResponse } from 'msw';
import t from 'tap';
import type { AnswerFault } from '../../emulator.ts';
import { EPOCH_MS, FakeClient, FakeHost, SETUP } from '../fake-host.fixture.ts';
import { metering } from '../index.ts';
import { parseResponses, type HttpAnswer } from '../../http/http-answer.fixture.ts';
import { shareHandlers } from './msw.ts';

interface Mount {
  readonly notes: readonly string[];
  readonly host: FakeHost;
  readonly fault: (fault: AnswerFault | undefined) => void;
  readonly send: (method: string, path: string, body?: string | Buffer) => Promise<HttpAnswer>;
}

function onNodeHttp(): Mount {
  const host = new FakeHost();
  const emulator = metering.create(host, SETUP);
  const client = new FakeClient(emulator, host, 'share');
  return {
    host,
    notes: host.notes,
    fault: (fault) => (host.fault = fault),
    async send(method, path, body = '') {
      const head = `${method} ${path} HTTP/1.1\r\nHost: alpha\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
      const bytes = await client.exchange(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
      const [answer] = parseResponses(bytes);
      if (!answer) throw new Error('no answer');
      return answer;
    },
  };
}

function onMsw(): Mount {
  const host = new FakeHost();
  const handlers = shareHandlers({
    configuration: SETUP.configuration,
    fault: () => host.fault,
    onNote: (note) => host.told(note),
  });
  return {
    host,
    notes: host.notes,
    fault: (fault) => (host.fault = fault),
    async send(method, path, body) {
      const init = method === 'GET' ? { method } : { method, body: body ?? '' };
      const response = await getResponse(handlers, new Request(`http://alpha:7280${path}`, init));
      if (!response) throw new Error('no handler');
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    },
  };
}

const RECORD = {
  id: 'ws1-1',
  client: 'ws1',
  user: 'user1',
  workstation: 'ws1',
  program: 'notepad.exe',
  originalName: 'NOTEPAD.EXE',
  version: '4.0',
  start: '1999-03-01T08:10:00.000Z',
  stop: '1999-03-01T08:15:00.000Z',
};
const log = (...records: readonly object[]) =>
  records.map((record) => `${JSON.stringify({ ...RECORD, ...record })}\n`).join('');
const INBOX = '/LicMtr/Inboxes/Offline';

for (const [name, mount] of [
  ['node:http', onNodeHttp],
  ['msw', onMsw],
] as const) {
  t.test(`${name}: probe and configuration`, async (t) => {
    const { send, notes } = mount();
    t.match(await send('GET', '/LicMtr/dbup.ini'), { status: 200, body: '[LicMtr]\r\nDbUp=1\r\n' });
    const { status, body } = await send('GET', '/LicMtr/LICMTR.CFG?x=1');
    t.equal(status, 200);
    t.equal(
      body,
      [
        '[LicMtr]',
        'Version=3',
        'ContinuousOffline=0',
        'GoOnLineInt=900',
        'TriesBeforeOffline=5',
        'PollingInterval=14400',
        'LiveStatusInterval=3600',
        'LicenseServers=alpha,bravo',
        '',
        '[alpha]',
        'UncDbPath=\\\\alpha\\LicMtr',
        '',
        '[bravo]',
        'UncDbPath=\\\\bravo\\LicMtr',
        ...(name === 'msw' ? [] : ['', '[ForbiddenPrograms]', 'game.exe=1']),
        '',
      ].join('\r\n'),
    );
    t.strictSame(notes, ['probe status=200', 'configuration version=3 status=200']);
  });

  t.test(
    `${name}: a log is stored once, the same again is known, another is refused`,
    async (t) => {
      const { send, notes, host } = mount();
      const first = log({}, { id: 'ws1-2' });
      t.match(await send('PUT', `${INBOX}/ws1-1.log`, first), {
        status: 201,
        body: 'records=2 known=0\n',
      });
      t.match(await send('PUT', `${INBOX}/ws1-1.log`, first), {
        status: 200,
        body: 'records=2 known=0\n',
      });
      t.match(await send('PUT', `${INBOX}/ws1-1.log`, log({ id: 'ws1-3' })), { status: 409 });
      t.match(await send('PUT', `${INBOX}/ws1-2.log`, log({}, { id: 'ws1-4' }).trimEnd()), {
        status: 201,
        body: 'records=2 known=1\n',
      });
      t.strictSame(notes.slice(0, 6), [
        'upload-offer log=ws1-1.log records=2 record=ws1-1',
        'upload-accept log=ws1-1.log records=2 record=ws1-1 status=201',
        'upload-offer log=ws1-1.log records=2 record=ws1-1',
        'upload-accept log=ws1-1.log records=2 record=ws1-1 status=200',
        'upload-offer log=ws1-1.log records=1 record=ws1-3',
        'upload-refuse log=ws1-1.log status=409 why=conflict',
      ]);
      const usage = {
        record: 'ws1-1',
        program: 'notepad.exe',
        startMs: Date.parse(RECORD.start),
        stopMs: Date.parse(RECORD.stop),
      };
      t.strictSame(host.raw[0]?.usage, [usage, { ...usage, record: 'ws1-2' }]);
      t.strictSame(host.raw[1]?.usage, host.raw[0]?.usage);
      t.equal(host.raw[5]?.usage?.length, 1, 'a refusal names its records too');
    },
  );

  t.test(
    `${name}: a wrong log is refused with the line, and nothing of it is stored`,
    async (t) => {
      const { send, notes } = mount();
      const wrong: [body: string | Buffer, error: string][] = [
        ['', 'the log has no record'],
        [Buffer.of(0xc3, 0x28), 'the log is not UTF-8'],
        [`${log({})}{`, 'line 2: not JSON'],
        [`${log({})}\n`, 'line 2: not JSON'],
        ['[]\n', 'line 1: not an object'],
        ['null\n', 'line 1: not an object'],
        [log({ id: undefined }), 'line 1: id is not a string'],
        [log({ id: 7 }), 'line 1: id is not a string'],
        [log({ id: '' }), 'line 1: id takes 0 bytes, not 1 to 128'],
        [log({ version: 'x'.repeat(16_385) }), 'line 1: version takes 16385 bytes, not 0 to 16384'],
        [
          log({ start: '1999-02-30T08:10:00.000Z' }),
          'line 1: start is not like 1999-03-01T08:00:00.000Z',
        ],
        [
          log({ stop: '1999-03-01T08:10:00.000+' }),
          'line 1: stop is not like 1999-03-01T08:00:00.000Z',
        ],
        [log({}, {}), 'line 2: id ws1-1 stands twice in this log'],
      ];
      for (const [body, error] of wrong)
        t.match(
          await send('PUT', `${INBOX}/a.log`, body),
          { status: 400, body: `${error}\n` },
          error,
        );
      t.ok(notes.includes('upload-refuse log=a.log status=400 why=bad-record'));
      t.ok(notes.includes('upload-offer log=a.log records=0'));
      t.match(
        await send('PUT', `${INBOX}/a.log`, log({ extra: [1] })),
        { status: 201 },
        'others are ignored',
      );
      for (const bad of ['.log', 'a%2Fb', 'a/b', '', 'x'.repeat(129)])
        t.match(await send('PUT', `${INBOX}/${bad}`, log({})), { status: 400 }, `name "${bad}"`);
      t.equal(notes.at(-1)?.replace(/x+/, 'x'), 'upload-refuse log=x status=400 why=bad-name');
    },
  );

  t.test(`${name}: a log over the limit`, async (t) => {
    const { send, notes } = mount();
    const big = log(
      ...Array.from({ length: 10 }, (_, n) => ({ id: `r${n}`, version: 'x'.repeat(16_000) })),
    );
    const pad = (bytes: number) =>
      Buffer.concat([Buffer.from(big), Buffer.alloc(bytes - big.length, 0x20)]);
    t.match(await send('PUT', `${INBOX}/a.log`, pad(1_048_577)), { status: 413 });
    t.strictSame(notes, [
      'upload-offer log=a.log records=0',
      'upload-refuse log=a.log status=413 why=too-large',
    ]);
    t.match(await send('PUT', `${INBOX}/a.log`, pad(1_048_576)), { status: 400 }, 'read whole');
    t.match(await send('PUT', `${INBOX}/a.log`, big), { status: 201 });
    const many = log(...Array.from({ length: 10_001 }, (_, n) => ({ id: `r${n}` }))).slice(
      0,
      1_000_000,
    );
    t.match(await send('PUT', `${INBOX}/b.log`, many), { status: 400 });
  });

  t.test(`${name}: 503 with and without Retry-After, login refused`, async (t) => {
    const { send, notes, fault } = mount();
    fault({ name: '503', args: { 'retry-after': '2m' } });
    const put = await send('PUT', `${INBOX}/a.log`, log({}));
    t.match(put, { status: 503, headers: { 'retry-after': '120' } });
    fault({ name: '503', args: {} });
    const get = await send('GET', '/LicMtr/dbup.ini');
    t.equal(get.status, 503);
    t.notOk('retry-after' in get.headers);
    fault({ name: 'login-refused', args: {} });
    t.match(await send('GET', '/LicMtr/LICMTR.CFG'), {
      status: 401,
      headers: { 'www-authenticate': /Basic/ },
    });
    t.match(await send('PUT', `${INBOX}/a.log`, log({})), { status: 401 });
    fault(undefined);
    t.match(
      await send('PUT', `${INBOX}/a.log`, log({})),
      { status: 201 },
      'nothing was stored before',
    );
    t.strictSame(notes.slice(0, 8), [
      'upload-offer log=a.log records=1 record=ws1-1',
      'upload-refuse log=a.log status=503 why=unavailable retry-after=120',
      'probe status=503',
      'configuration status=401',
      'login-refused',
      'upload-offer log=a.log records=1 record=ws1-1',
      'login-refused',
      'upload-refuse log=a.log status=401 why=login-refused',
    ]);
  });

  t.test(`${name}: 429, 507, and Retry-After as a date of the server`, async (t) => {
    const { send, notes, fault } = mount();
    fault({ name: '429', args: { 'retry-after': '90s', as: 'date' } });
    const get = await send('GET', '/LicMtr/dbup.ini');
    t.equal(get.status, 429);
    const now = name === 'msw' ? 0 : EPOCH_MS;
    t.equal(get.headers['retry-after'], new Date(now + 90_000).toUTCString());
    fault({ name: '507', args: {} });
    t.match(await send('GET', '/LicMtr/dbup.ini'), { status: 200 }, 'only logs are not taken');
    t.match(await send('PUT', `${INBOX}/a.log`, log({})), { status: 507 });
    t.strictSame(notes, [
      'probe status=429 retry-after=90',
      'probe status=200',
      'upload-offer log=a.log records=1 record=ws1-1',
      'upload-refuse log=a.log status=507 why=full',
    ]);
  });

  t.test(`${name}: 413 is for logs over the limit that a case sets`, async (t) => {
    const { send, fault } = mount();
    const two = log({}, { id: 'ws1-2' });
    fault({ name: '413', args: { max: '300' } });
    t.match(await send('PUT', `${INBOX}/a.log`, two), {
      status: 413,
      body: 'a log has at most 300 bytes\n',
    });
    t.match(await send('PUT', `${INBOX}/b.log`, log({})), { status: 201 });
    fault({ name: '413', args: {} });
    t.match(await send('PUT', `${INBOX}/c.log`, log({})), { status: 413 });
  });

  t.test(`${name}: a part of a log is taken, and the same log gets the same answer`, async (t) => {
    const { send, notes, host, fault } = mount();
    const three = log({}, { id: 'ws1-2', program: 'Game.exe' }, { id: 'ws1-3' });
    fault({ name: 'nack', args: { program: 'game.EXE' } });
    const answer = await send('PUT', `${INBOX}/a.log`, three);
    t.match(answer, { status: 207, headers: { 'content-type': 'application/json' } });
    t.strictSame(JSON.parse(answer.body), {
      accepted: ['ws1-1', 'ws1-3'],
      later: [],
      refused: [{ id: 'ws1-2', why: 'this record cannot be stored' }],
    });
    fault({ name: 'nack', args: { records: '1,3', as: 'later' } });
    t.equal((await send('PUT', `${INBOX}/a.log`, three)).body, answer.body, 'again');
    t.match(JSON.parse((await send('PUT', `${INBOX}/b.log`, three)).body), {
      accepted: ['ws1-2'],
      later: ['ws1-1', 'ws1-3'],
      refused: [],
    });
    fault({ name: 'nack', args: {} });
    t.match(JSON.parse((await send('PUT', `${INBOX}/c.log`, log({}))).body), { accepted: [] });
    fault(undefined);
    t.match(await send('PUT', `${INBOX}/d.log`, three), {
      status: 201,
      body: 'records=3 known=3\n',
    });
    t.strictSame(notes.slice(0, 3), [
      'upload-offer log=a.log records=3 record=ws1-1',
      'upload-accept log=a.log records=2 record=ws1-1 status=207',
      'upload-refuse log=a.log records=1 record=ws1-2 status=207 why=refused',
    ]);
    t.strictSame(
      host.raw.slice(1, 3).map(({ usage }) => usage?.map(({ record }) => record)),
      [['ws1-1', 'ws1-3'], ['ws1-2']],
    );
    t.strictSame(notes.slice(6, 9), [
      'upload-offer log=b.log records=3 record=ws1-1',
      'upload-accept log=b.log records=1 record=ws1-2 status=207',
      'upload-refuse log=b.log records=2 record=ws1-1 status=207 why=later',
    ]);
    t.strictSame(notes.slice(9, 11), [
      'upload-offer log=c.log records=1 record=ws1-1',
      'upload-refuse log=c.log records=1 record=ws1-1 status=207 why=refused',
    ]);
  });

  t.test(`${name}: well formed but unexpected: what was asked is done all the same`, async (t) => {
    const { send, notes, fault } = mount();
    fault({ name: 'unexpected', args: {} });
    t.match(await send('PUT', `${INBOX}/a.log`, log({})), {
      status: 302,
      headers: { location: '/login' },
    });
    fault(undefined);
    t.match(await send('PUT', `${INBOX}/a.log`, log({})), { status: 200 });
    t.strictSame(notes.slice(1, 3), [
      'upload-accept log=a.log records=1 record=ws1-1 status=201',
      'malformed why=unexpected',
    ]);
  });

  t.test(`${name}: other paths and methods`, async (t) => {
    const { send, notes } = mount();
    t.match(await send('GET', '/LicMtr/nothing'), { status: 404 });
    t.match(await send('GET', '/LicMtr/x/../dbup.ini'), { status: 200 });
    t.match(await send('POST', '/LicMtr/dbup.ini', 'x'), {
      status: 405,
      headers: { allow: 'GET' },
    });
    t.match(await send('GET', `${INBOX}/a.log`), { status: 405, headers: { allow: 'PUT' } });
    t.strictSame(
      notes.filter((note) => note.startsWith('protocol-error')),
      [
        'protocol-error why=no-such-path status=404',
        'protocol-error why=no-such-method status=405',
        'protocol-error why=no-such-method status=405',
      ],
    );
  });
}

t.test('node:http: an answer of wrong version or length, and the connection ends', async (t) => {
  const host = new FakeHost();
  const emulator = metering.create(host, SETUP);
  const ask = async (fault: string) => {
    host.fault = { name: fault, args: {} };
    const client = new FakeClient(emulator, host, 'share');
    const text = await client.exchange('GET /LicMtr/dbup.ini HTTP/1.1\r\nHost: alpha\r\n\r\n');
    t.ok(client.ended);
    return text.toString();
  };
  t.match(await ask('wrong-version'), /^HTTP\/9\.9 200 OK\r\n/);
  const [head, body] = (await ask('wrong-length')).split('\r\n\r\n');
  t.equal(Number(/content-length: (\d+)/.exec(head!)?.[1]), body!.length + 10);
  t.strictSame(host.notes.slice(1, 3), ['malformed why=wrong-version', 'probe status=200']);
});

t.test('msw: an answer that HTTP does not allow is a failed fetch', async (t) => {
  const handlers = shareHandlers({ fault: () => ({ name: 'wrong-length', args: {} }) });
  const response = await getResponse(handlers, new Request('http://alpha/LicMtr/dbup.ini'));
  t.equal(response?.type, 'error');
});

t.test('msw: a fault with arguments that make no sense is the caller\u2019s error', async (t) => {
  const handlers = shareHandlers({
    fault: () => ({ name: '503', args: { 'retry-after': 'soon' } }),
  });
  const request = new Request('http://alpha/LicMtr/dbup.ini');
  await t.rejects(getResponse(handlers, request), { message: /^retry-after=soon is not/ });
});
