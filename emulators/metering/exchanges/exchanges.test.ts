import t from 'tap';
import type { SeenRequest } from '../../emulator.ts';
import { encode, FrameDecoder, type Message } from '../codec/index.ts';
import { HELLO, requestUse } from '../fake-host.fixture.ts';
import { meteringExchanges as exchanges } from './index.ts';

const seen = (message: Message, id = 1): SeenRequest =>
  exchanges.requests('pipe')(encode(message, id))[0]!;
const decoded = (bytes: Buffer) => new FrameDecoder('server').push(bytes);
const http = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));
const record = (id: string, program = 'word.exe'): string =>
  `${JSON.stringify({
    id,
    client: 'ws1',
    user: 'u',
    workstation: 'w',
    program,
    originalName: '',
    version: '',
    start: '1999-03-01T08:00:00.000Z',
    stop: '1999-03-01T09:00:00.000Z',
  })}\n`;
const put = (log: string, body: string, headers = ''): SeenRequest => {
  const head = `PUT /LicMtr/Inboxes/Offline/${log} HTTP/1.1\n${headers}content-length: ${body.length}\n\n`;
  return exchanges.requests('share')(Buffer.concat([http(head), Buffer.from(body)]))[0]!;
};

t.test('what a request means is told without who asks, ids and versions', (t) => {
  t.equal(
    seen(HELLO).meaning,
    seen({ ...HELLO, client: 'ws9', build: 'other' } as Message, 7).meaning,
  );
  t.equal(seen(requestUse('word.exe')).meaning, 'request-use word.exe');
  t.not(seen(requestUse('word.exe')).meaning, seen(requestUse('excel.exe')).meaning);
  t.equal(seen({ type: 'bye' }).isLast, true);
  t.end();
});

t.test('an answer of the pipe carries the number of the new request', (t) => {
  const change = { from: seen(requestUse('a'), 3), to: seen(requestUse('a'), 9), shiftMs: 5000 };
  const granted = encode({ type: 'granted', lease: 'alpha-1' }, 3);
  t.strictSame(decoded(exchanges.readdress('pipe', granted, change)), [
    { requestId: 9, message: { type: 'granted', lease: 'alpha-1' } },
  ]);
  const pushed = encode({ type: 'callback', program: 'a', graceMs: 1 }, 0);
  t.strictSame(
    exchanges.readdress('pipe', pushed, change),
    pushed,
    'what is pushed answers nothing',
  );
  const cut = granted.subarray(0, granted.length - 2);
  t.strictSame(exchanges.readdress('pipe', cut, change), cut, 'half an answer stays as it is');
  t.equal(exchanges.answerTo('pipe', granted), 3);
  t.equal(exchanges.answerTo('pipe', pushed), 0);
  t.equal(exchanges.answerTo('pipe', Buffer.from('no frame at all')), undefined);
  t.end();
});

t.test('times of the server move with the clock, leases are those that are asked about', (t) => {
  const welcome = encode({ type: 'welcome', serverTimeMs: 1000, configurationVersion: 1 }, 1);
  const change = { from: seen(HELLO), to: seen(HELLO), shiftMs: 5000 };
  t.match(decoded(exchanges.readdress('pipe', welcome, change)), [
    { message: { serverTimeMs: 6000 } },
  ]);
  const from = seen({ type: 'live-status', leases: ['a', 'b'] });
  const to = seen({ type: 'live-status', leases: ['b', 'c'] });
  const ack = encode({ type: 'live-ack', leases: ['a'] }, 1);
  t.match(decoded(exchanges.readdress('pipe', ack, { from, to, shiftMs: 0 })), [
    { message: { leases: ['c'] } },
  ]);
  t.end();
});

t.test('requests are sent with the names that leases have now', (t) => {
  const requests = Buffer.concat([
    encode({ type: 'release', lease: 'a' }, 1),
    encode({ type: 'live-status', leases: ['a', 'b'] }, 2),
    encode(requestUse('a'), 3),
  ]);
  t.strictSame(exchanges.rename('pipe', requests, new Map()), requests);
  const renamed = exchanges.rename('pipe', requests, new Map([['a', 'long-name']]));
  t.match(new FrameDecoder('client').push(renamed), [
    { requestId: 1, message: { lease: 'long-name' } },
    { requestId: 2, message: { leases: ['long-name', 'b'] } },
    { requestId: 3, message: { program: 'a' } },
  ]);
  t.end();
});

t.test('an upload means its programs; its own are its log and its records', (t) => {
  const one = put('x.log', record('r1') + record('r2', 'excel.exe'));
  t.match(one, { meaning: 'upload word.exe, excel.exe', own: ['x.log', 'r1', 'r2'] });
  t.equal(one.usage?.length, 2);
  t.notOk(one.isLast);
  t.equal(put('y', record('r9'), 'connection: close\n').isLast, true);
  t.equal(put('y', 'what?').meaning, 'upload of what is no log');
  t.match(exchanges.requests('share')(http('GET /LicMtr/dbup.ini?x HTTP/1.0\n\n')), [
    { meaning: 'GET /LicMtr/dbup.ini', isLast: true },
  ]);
  t.end();
});

t.test('an answer of the share names the new records, its length and its date are right', (t) => {
  const body = '{"accepted":["r1"],"later":["r12"],"refused":[]}\n';
  const head =
    'HTTP/1.1 207 Multi\nretry-after: 120\nContent-Length: 49\nDate: Thu, 01 Mar 2001 04:00:00 GMT\n\n';
  const answer = Buffer.concat([http(head), Buffer.from(body)]);
  const from = put('x', record('r1') + record('r12'));
  const to = put('y', record('longer-1') + record('longer-12'));
  const text = exchanges.readdress('share', answer, { from, to, shiftMs: 60_000 }).toString();
  t.match(text, '{"accepted":["longer-1"],"later":["longer-12"],"refused":[]}\n');
  t.match(text, /\r\nDate: Thu, 01 Mar 2001 04:01:00 GMT\r\n/);
  t.match(text, `\r\nContent-Length: ${49 + 12}\r\n`);
  t.match(text, '\r\nretry-after: 120\r\n', 'seconds are no date');
  t.strictSame(exchanges.readdress('share', answer, { from, to: from, shiftMs: 0 }), answer);
  const garbled = Buffer.from('HTTQ/1.1 2');
  t.strictSame(exchanges.readdress('share', garbled, { from, to, shiftMs: 1 }), garbled);
  t.end();
});
