import { spawnSync } from 'node:child_process';
import tap from 'tap';
import { packageRoot } from '../package-root.ts';
import { compile, find, native } from '../native/fixture/build.fixture.ts';
import { observerFor } from './inject.ts';
import { ADDRESS, BOUND_MS, observe, PORT, SIX } from './observe.fixture.ts';

const AT = [ADDRESS, String(PORT)];
const times = (count: number): string[] => Array<string>(count).fill(AT.join(':'));
const plainly = (program: string, args: readonly string[], more = {}) =>
  spawnSync(program, args, {
    env: { PATH: process.env['PATH'], ...more },
    encoding: 'utf8',
    timeout: BOUND_MS,
  });

tap.test('a program in C is observed, and notices nothing', (t) => {
  const program = compile('attempts');
  if (program === undefined) return t.end();
  const plain = plainly(program, AT);
  const observed = observe([program, ...AT]);
  t.match(plain.stdout, /told by connect: Connection refused[^]*told already[^]*child 0/);
  t.same(
    [observed.stdout, observed.stderr, observed.status],
    [plain.stdout, plain.stderr, plain.status],
  );
  // Blocking, on the same socket, as IPv6, two without blocking; four threads; the child.
  const refused = observed.attempts.filter((at) => at.startsWith(ADDRESS));
  t.same(refused, times(5 + 4 * 20 + 1), 'each attempt once');
  const others = observed.attempts.filter((at) => !at.startsWith(ADDRESS));
  t.match(others, [SIX, /^127\.0\.0\.1:/], 'over IPv6, and the one that was taken');
  t.equal(others.length, 2);
  t.same(observed.kinds, ['native']);
  t.end();
});

tap.test('a program that is built with AddressSanitizer starts, and is observed', (t) => {
  const program = compile('attempts', ['-fsanitize=address']);
  if (program === undefined) return t.end();
  const { attempts, kinds, status, stderr } = observe([program, ...AT]);
  t.equal(status, 0, stderr);
  t.equal(attempts.filter((at) => at.startsWith(ADDRESS)).length, 5 + 4 * 20 + 1);
  t.same(kinds, ['native']);
  t.end();
});

tap.test('a program lives on when the observer cannot write', (t) => {
  const program = compile('attempts');
  if (program === undefined) return t.end();
  const { env } = observerFor([program], '/nowhere/attempts', {}, '/');
  const plain = plainly(program, AT);
  t.same(plainly(program, AT, env).output, plain.output);
  const { LD_PRELOAD } = env;
  t.same(plainly(program, AT, { LD_PRELOAD }).output, plain.output, 'nor where there is no file');
  t.end();
});

tap.test('what a shell starts is observed, and no attempt counts twice', (t) => {
  if (!native || !find('bash')) return t.end();
  const at = AT.join(':');
  const python = `import socket; print(socket.socket().connect_ex(("${ADDRESS}", ${PORT})) != 0)`;
  const node = `require("net").connect(${PORT}, "${ADDRESS}").on("error", (error) => console.log(error.code))`;
  const clients = {
    curl: `curl -s http://${at}/; echo $?`,
    python3: `python3 -c '${python}'`,
    node: `node -e '${node}'`,
  };
  for (const [program, script] of Object.entries(clients)) {
    if (!find(program)) continue;
    const observed = observe(['bash', '--norc', '-c', script]);
    t.match(observed.stdout, /^(7|True|ECONNREFUSED)\n$/, program);
    t.same(
      [observed.attempts, observed.kinds, observed.stderr],
      [times(1), ['native'], ''],
      program,
    );
  }
  const dev = observe(['bash', '--norc', '-c', `: < /dev/tcp/${AT.join('/')}`]);
  t.same([dev.attempts, dev.kinds], [times(1), ['native']], 'the shell itself');
  t.end();
});

tap.test(
  'a program that connects to no endpoint, or without the library, is not said to be observed',
  (t) => {
    if (!native) return t.end();
    t.same(observe(['true']).kinds, []);
    const program = compile('attempts', ['-static']);
    if (program === undefined) return t.end();
    const observed = observe([program, ...AT]);
    t.same([observed.attempts, observed.kinds], [[], []]);
    t.equal(observerFor([program], '/case/attempts', {}, packageRoot()).kind, 'none');
    t.end();
  },
);
