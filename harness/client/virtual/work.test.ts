// Real work takes no virtual time, and time waits for it. What a client makes of files, identifiers and signals is the same each time.
import { isBuiltin } from 'node:module';
import t from 'tap';
import { HOUR, MINUTE, SECOND } from '../../clock/clock.ts';
import { EPOCH_MS } from '../scripted-world.fixture.ts';
import { playNode } from './node-world.fixture.ts';

t.test('time waits for files, cryptography, compression and modules', async (t) => {
  const { stdout, stderr, error } = await playNode({
    files: { 'late.mjs': 'export default 42' },
    program: `
      import fs from 'node:fs';
      import crypto from 'node:crypto';
      import zlib from 'node:zlib';
      import { pipeline } from 'node:stream/promises';
      import { promisify } from 'node:util';
      const size = 20 * 1024 * 1024;
      fs.writeFileSync('big.bin', Buffer.alloc(size, 'x'));
      let late = 0;
      const watch = setInterval(() => late++, 1);
      const from = Date.now();
      const read = await fs.promises.readFile('big.bin');
      let streamed = 0;
      for await (const chunk of fs.createReadStream('big.bin')) streamed += chunk.length;
      await pipeline(fs.createReadStream('big.bin'), zlib.createGzip(), fs.createWriteStream('big.gz'));
      const unzipped = await promisify(zlib.gunzip)(fs.readFileSync('big.gz'));
      const key = await promisify(crypto.pbkdf2)('secret', 'salt', 50_000, 32, 'sha256');
      const scrypt = await promisify(crypto.scrypt)('secret', 'salt', 32);
      const digest = await crypto.subtle.digest('SHA-256', read);
      const late1 = (await import('./late.mjs')).default;
      const compiled = await WebAssembly.compile(Buffer.from('AGFzbQEAAAA=', 'base64'));
      console.log(read.length, streamed, unzipped.length, key.length, scrypt.length, digest.byteLength, late1, String(compiled));
      console.log('took', Date.now() - from, late);
      clearInterval(watch);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  const size = 20 * 1024 * 1024;
  t.equal(stdout, `${size} ${size} ${size} 32 32 32 42 [object WebAssembly.Module]\ntook 0 0\n`);
});

t.test('everything random comes from the seed', async (t) => {
  const play = async (seed: number) =>
    (
      await playNode({
        seed,
        program: `
          import crypto, { randomUUID } from 'node:crypto';
          import { promisify } from 'node:util';
          const bytes = (await promisify(crypto.randomBytes)(8)).toString('hex');
          console.log(Math.random(), bytes, randomUUID(), crypto.randomUUID(), crypto.randomInt(1e9), globalThis.crypto.randomUUID(),
            Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(6))).toString('hex'), crypto.randomFillSync(Buffer.alloc(4)).toString('hex'),
            process.pid, process.ppid, crypto.generateKeySync('hmac', { length: 64 }).export().toString('hex'),
            (await promisify(crypto.generateKey)('aes', { length: 128 })).symmetricKeySize, 'randomUUIDv7' in crypto ? crypto.randomUUIDv7() : 'none');
        `,
      })
    ).stdout;
  const [first, again, other] = [await play(1), await play(1), await play(2)];
  t.match(first, /^0\.\d+ [0-9a-f]{16} /);
  // 019b8b741800 is the epoch of these tests, in milliseconds.
  t.match(
    first,
    / [0-9a-f]{16} 16 (none|019b8b74-1800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\n$/,
  );
  t.equal(again, first);
  t.not(other, first);
});

t.test('files bear the time of the clock, at once and later', async (t) => {
  const { stdout, stderr } = await playNode({
    program: `
      import fs from 'node:fs';
      import { setTimeout as sleep } from 'node:timers/promises';
      const say = (name, { mtimeMs, ctimeMs, birthtimeMs, mtime }) => console.log(name, mtimeMs - from, ctimeMs - from, birthtimeMs - from, mtime instanceof Date);
      const from = ${EPOCH_MS};
      await sleep(3_600_000);
      fs.writeFileSync('a', 'x');
      say('at once', fs.statSync('a'));
      await sleep(3_600_000);
      say('later', fs.statSync('a'));
      fs.appendFileSync('a', 'y');
      await sleep(60_000);
      say('appended', await fs.promises.stat('a'));
      const handle = await fs.promises.open('b', 'w');
      await handle.write('z');
      say('open', await handle.stat());
      await handle.close();
      await sleep(1_000);
      fs.stat('b', (error, stats) => {
        say('callback', stats);
        console.log('big', String(fs.statSync('b', { bigint: true }).mtimeMs - BigInt(from)));
        fs.utimesSync('b', 1, 2);
        console.log('set', fs.statSync('b').mtimeMs, fs.existsSync('c'), fs.statSync('c', { throwIfNoEntry: false }));
      });
    `,
  });
  t.equal(stderr, '');
  t.same(stdout.trim().split('\n'), [
    'at once 3600000 3600000 3600000 true',
    'later 3600000 3600000 3600000 true',
    'appended 7200000 7200000 7200000 true',
    'open 7260000 7260000 7260000 true',
    'callback 7260000 7260000 7260000 true',
    'big 7260000',
    'set 2000 false undefined',
  ]);
});

const skip = !isBuiltin('node:sqlite') && 'this Node has none';
t.test('SQLite, where Node has one, knows the time and the seed', { skip }, async (t) => {
  const program = `
    import { DatabaseSync } from 'node:sqlite';
    const database = new DatabaseSync('spool.db', { open: false });
    database.open();
    database.exec("CREATE TABLE run (at TEXT DEFAULT CURRENT_TIMESTAMP, day AS (date(at)) STORED, id TEXT DEFAULT (hex(randomblob(4))))");
    setTimeout(() => {
      database.exec('INSERT INTO run DEFAULT VALUES');
      const { at, day, id, ...times } = { ...database.prepare("SELECT *, unixepoch() AS s, strftime('%s', 'NOW', '-1 minute') AS before, julianday('2000-01-01') AS fixed, unixepoch('now', 'subsec') AS ms FROM run").get() };
      console.log(at, day, JSON.stringify(times), database.prepare("SELECT at < datetime('now', '+1 second') AS due, date('no date') AS none FROM run ORDER BY random()").get().due);
      console.log(id, new DatabaseSync(':memory:').prepare('SELECT current_date AS day').get().day);
    }, 86_400_500);
  `;
  const first = await playNode({ program });
  const [times, last] = first.stdout.split('\n');
  t.equal(
    times,
    '2026-01-06 00:00:00 2026-01-06 {"s":1767657600,"before":"1767657540","fixed":2451544.5,"ms":1767657600.5} 1',
    first.stderr,
  );
  t.match(last, /^[0-9A-F]{8} 2026-01-06$/);
  t.equal((await playNode({ program })).stdout, first.stdout);
  t.not((await playNode({ program, seed: 2 })).stdout, first.stdout);
});

t.test('a file that was just written can be read as a Blob, now and later', async (t) => {
  const { stdout, stderr } = await playNode({
    program: `
      import fs from 'node:fs';
      fs.writeFileSync('log', 'records');
      const blob = await fs.openAsBlob('log');
      const { mtimeMs } = fs.statSync('log');
      console.log(await blob.text(), mtimeMs - Date.now());
      setTimeout(async () => {
        console.log(await new Response(blob.stream()).text(), fs.statSync('log').mtimeMs - mtimeMs);
        fs.appendFileSync('log', ' and more');
        await blob.text().catch((error) => console.log(error.name));
      }, 60_000);
    `,
  });
  t.equal(stderr.replace(/^.*ExperimentalWarning.*\n.*\n/, ''), '');
  t.same(stdout.trim().split('\n'), ['records 0', 'records 0', 'NotReadableError']);
});

t.test('commands come when they are given; a signal has its moment', async (t) => {
  const { lines, exit } = await playNode({
    program: `
      import readline from 'node:readline';
      const from = Date.now();
      process.on('SIGTERM', () => { console.log('terminated', Date.now() - from); clearInterval(alive); });
      const alive = setInterval(() => {}, 1e6);
      process.on('beforeExit', () => console.log('before the end'));
      process.on('exit', (code) => console.log('exit', code, Date.now() - from));
      for await (const line of readline.createInterface({ input: process.stdin })) console.log(line, Date.now() - from);
      console.log('no more');
    `,
    play: ({ clock, client }) => {
      clock.at(MINUTE, () => client.write('one\ntw'));
      clock.at(2n * MINUTE, () => client.write('o\n'));
      clock.at(HOUR, () => client.endInput());
      clock.at(2n * HOUR, () => client.terminate());
    },
  });
  t.same(lines, [
    '1m one 60000',
    '2m two 120000',
    '1h no more',
    '2h terminated 7200000',
    '2h before the end',
    '2h exit 0 7200000',
    '2h exit 0',
  ]);
  t.same(exit, { code: 0, signal: null });
  const plain = await playNode({
    program: 'setInterval(() => {}, 1e6)',
    play: ({ clock, client }) => void clock.at(30n * SECOND, () => client.terminate()),
  });
  t.same(plain.exit, { code: null, signal: 'SIGTERM' });
  t.equal(plain.end, 30n * SECOND);
  const still = await playNode({
    program: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e9)',
    play: ({ clock, client }) => void clock.at(30n * SECOND, () => client.terminate()),
  });
  t.same(still.exit, { code: null, signal: 'SIGTERM' }, 'also one that stands still');
  t.equal(still.end, 30n * SECOND);
});

t.test('a loader of the client’s own, in the thread that Node gives it', async (t) => {
  const { stdout, stderr, error } = await playNode({
    files: {
      'late.txt': 'from a text',
      'loader.mjs': `
        import { readFile } from 'node:fs/promises';
        export async function load(url, context, next) {
          if (!url.endsWith('.txt')) return next(url, context);
          const text = await readFile(new URL(url), 'utf8');
          return { format: 'module', shortCircuit: true, source: 'export default ' + JSON.stringify(text) };
        }
      `,
    },
    env: { NODE_NO_WARNINGS: '1' },
    program: `
      import { register } from 'node:module';
      const from = Date.now();
      register('./loader.mjs', import.meta.url);
      console.log((await import('./late.txt')).default, Date.now() - from);
      const word = new Int32Array(new SharedArrayBuffer(4));
      console.log(Atomics.wait(word, 0, 0, 1_000), Date.now() - from);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.equal(stdout, 'from a text 0\ntimed-out 1000\n');
});

t.test('TypeScript that is compiled as it is loaded, of both module systems', async (t) => {
  const { stdout, stderr, error } = await playNode({
    files: {
      'old.cts':
        'enum Way { There = 7 } class Trip { constructor(readonly way: Way) {} } export = new Trip(Way.There);',
      'new.mts': 'enum Way { Back = 8 } await null; export const way: Way = Way.Back;',
    },
    env: { NODE_NO_WARNINGS: '1', TSX_DISABLE_CACHE: '1' },
    program: `
      const from = Date.now();
      await import(${JSON.stringify(import.meta.resolve('tsx'))});
      console.log((await import('./old.cts')).default.way, (await import('./new.mts')).way, Date.now() - from);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  t.equal(stdout, '7 8 0\n');
});

t.test('what a client begins when it hears of its end is done before it ends', async (t) => {
  const { lines, stderr, error } = await playNode({
    servers: [{ port: 80 }],
    program: `
      let ends = 0;
      process.on('beforeExit', async (code) => {
        console.log('no more work', ++ends, code);
        if (ends === 1) {
          const answer = await fetch('http://127.0.0.1:80/', { headers: { connection: 'close' } });
          console.log(await answer.text());
        } else if (ends === 2) setTimeout(() => console.log('later'), 60_000);
        else if (ends === 3) process.exitCode = 7;
      });
      process.on('exit', (code) => console.log('the end', code));
      setTimeout(() => console.log('worked'), 1_000);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  const told = lines.map((line) => line.replace(/(?<=1s)\d+ms/, ''));
  t.same(
    told.filter((line) => !line.endsWith('80 accept')),
    [
      '1s worked',
      '1s no more work 1 0',
      '1s OK',
      '1s no more work 2 0',
      '1m1s later',
      '1m1s no more work 3 0',
      '1m1s the end 7',
      '1m1s exit 7',
    ],
  );
});

t.test('what was last held weakly is not lost when the machine clears its memory', async (t) => {
  const { stdout, stderr } = await playNode({
    program: `
      import v8 from 'node:v8';
      import vm from 'node:vm';
      import { setTimeout as sleep } from 'node:timers/promises';
      v8.setFlagsFromString('--expose-gc');
      const clear = vm.runInNewContext('gc');
      class Named extends WeakRef {}
      const make = () => new WeakRef({ session: 'first' });
      let lost = 'nothing';
      const registry = new FinalizationRegistry((name) => (lost = name));
      (() => registry.register({}, 'last'))();
      const kept = make();
      const named = (() => new Named({}))();
      await sleep(10);
      clear();
      await sleep(10);
      console.log(lost, kept.deref()?.session, named instanceof Named, named instanceof WeakRef, kept.constructor === WeakRef);
      (() => { for (let k = 0; k < 1_024; k++) new WeakRef({}); })();
      await sleep(10);
      clear();
      console.log(kept.deref()?.session);
    `,
  });
  t.equal(stderr, '');
  t.equal(stdout, 'nothing first true true true\nundefined\n');
});
