import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { goes } from './gone.fixture.ts';

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT'])
  t.test(`no client outlives a harness that is ended by ${signal}`, async (t) => {
    const script = join(import.meta.dirname, 'fixture/crashing-harness.mjs');
    const harness = spawn(process.execPath, [script, signal], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    harness.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(harness, 'close');
    const pids = said.trim().split(' ').map(Number);
    t.equal(pids.length, 2, 'the leader of the group and its child');
    for (const pid of pids) t.ok(await goes(pid), `process ${pid}`);
  });
