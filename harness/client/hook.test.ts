import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Hooks } from './hook.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-hook-'));
const env = { PATH: process.env['PATH'] ?? '' };

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended and that nobody has asked for is not alive.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

t.test('the status of a hook is its answer, and its last line on stderr says why', async (t) => {
  const hooks = new Hooks({ env, folder });
  t.teardown(() => hooks.close());
  const run = (script: string) => hooks.run(['sh', '-c', script], { program: 'word.exe' });
  t.same(await run('test "$METERPROOF_PROGRAM" = word.exe'), { result: 'ok' });
  t.match(await run('exit 89'), { result: 'unsupported' });
  t.same(await run('echo first >&2; echo no control socket >&2; exit 3'), {
    result: 'error',
    why: 'ended with status 3: no control socket',
  });
  t.match(await hooks.run(['./no-such-hook']), { result: 'broken', why: /could not be started/ });
});

t.test(
  'a hook that does not end is ended, with all that it has started',
  { skip: existsSync('/proc/self/environ') ? false : 'only /proc tells who is alive' },
  async (t) => {
    const hooks = new Hooks({ env, folder }, 300);
    const late = await hooks.run(['sh', '-c', 'sleep 60 & echo $! > late; wait']);
    t.match(late, { result: 'broken', why: /had not ended after 0.3 s/ });
    const started = await hooks.run(['sh', '-c', 'setsid sleep 60 & echo $! > left']);
    t.match(started, { result: 'ok' });
    await hooks.run(['sh', '-c', 'setsid env -i sleep 60 & echo $! > wiped; sleep 0.3']);
    const left = Number(readFileSync(join(folder, 'left'), 'utf8'));
    t.ok(alive(left), 'a case may use it');
    hooks.close();
    for (const name of ['late', 'left', 'wiped']) {
      const pid = Number(readFileSync(join(folder, name), 'utf8'));
      for (let looks = 0; alive(pid) && looks < 200; looks++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      t.notOk(alive(pid), `${name} is gone`);
    }
  },
);
