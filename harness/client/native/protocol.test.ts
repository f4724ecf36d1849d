import t from 'tap';
import { encodeTurn, EVENT, readConnect, readUps, readWait, UP } from './protocol.ts';

function up(type: number, a: bigint, b: bigint, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(32 + payload.length, 0);
  head.writeUInt32LE(type, 4);
  head.writeInt32LE(11, 8);
  head.writeInt32LE(12, 12);
  head.writeBigInt64LE(a, 16);
  head.writeBigInt64LE(b, 24);
  return Buffer.concat([head, payload]);
}

function report(id: bigint, flags: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(id, 0);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(3, 12);
  bytes.writeBigUInt64LE(4n, 16);
  bytes.writeBigUInt64LE(5n, 24);
  return bytes;
}

function wanted(family: number, bytes: string): Buffer {
  const payload = Buffer.alloc(32);
  payload.writeUInt32LE(family, 0);
  Buffer.from(bytes, 'hex').copy(payload, 4);
  payload.writeBigUInt64LE(9n, 24);
  return payload;
}

t.test('messages are taken whole at every split', (t) => {
  const bytes = Buffer.concat([up(UP.hello, 1n, 0n), up(UP.wait, 5n, 0x230103n, report(9n, 2))]);
  for (let split = 0; split <= bytes.length; split++) {
    const first = readUps(bytes.subarray(0, split))!;
    const second = readUps(Buffer.concat([first.rest, bytes.subarray(split)]))!;
    const messages = [...first.messages, ...second.messages];
    t.same(
      messages.map(({ type, pid, tid, a }) => [type, pid, tid, a]),
      [
        [UP.hello, 11, 12, 1n],
        [UP.wait, 11, 12, 5n],
      ],
    );
    t.same(readWait(messages[1]!), {
      deadline: 5n,
      kind: 'file',
      progress: true,
      call: 0x23,
      reports: [{ id: 9n, pending: false, ended: true, unread: 3, written: 4, received: 5 }],
    });
  }
  t.end();
});

t.test('what cannot be a message is none', (t) => {
  const long = up(UP.wait, 0n, 0n);
  long.writeUInt32LE(0x7fffffff, 0);
  const short = up(UP.wait, 0n, 0n);
  short.writeUInt32LE(4, 0);
  t.equal(readUps(long), undefined);
  t.equal(readUps(short), undefined);
  t.end();
});

t.test('addresses are written as networks write them', (t) => {
  const read = (family: number, bytes: string) => {
    const { messages } = readUps(up(UP.connect, 7n, 5001n, wanted(family, bytes)))!;
    return readConnect(messages[0]!);
  };
  t.same(read(4, '7f4d0102'), {
    id: 7n,
    address: '127.77.1.2',
    port: 5001,
    patienceMs: 0,
    cookie: 9n,
    reports: [],
  });
  t.equal(read(6, '00000000000000000000ffff7f4d0102').address, '127.77.1.2');
  t.equal(read(6, '00000000000000000000000000000001').address, '::1');
  t.equal(read(6, '20010db8000000000000000000000005').address, '2001:db8::5');
  t.end();
});

t.test('a turn says its size, its time and its events', (t) => {
  const bytes = encodeTurn(5n, 6n, [{ type: EVENT.delivered, flags: 2, id: 3n, value: 4n }]);
  t.equal(bytes.readUInt32LE(0), bytes.length);
  t.equal(bytes.readUInt32LE(4), 1);
  t.equal(bytes.readBigInt64LE(8), 5n);
  t.equal(bytes.readBigInt64LE(16), 6n);
  t.same([bytes.readUInt32LE(24), bytes.readUInt32LE(28)], [EVENT.delivered, 2]);
  t.same([bytes.readBigUInt64LE(32), bytes.readBigUInt64LE(40)], [3n, 4n]);
  t.end();
});
