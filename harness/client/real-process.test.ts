import { tmpdir } from 'node:os';
import t from 'tap';
import { goes } from './gone.fixture.ts';
import type { Exit } from './process.ts';
import { RealProcess } from './real-process.ts';

/** It ends by itself after a while, so that a failing test ends. */
const SLEEPER = "process.on('SIGTERM', () => {}); setTimeout(() => {}, 20_000)";

for (const [left, env] of [
  ['with its environment', 'process.env'],
  ['without any environment', '{}'],
] as const)
  t.test(`what a client leaves in a group of its own, ${left}, keeps nobody waiting`, async (t) => {
    const script = `
      const { spawn } = require('node:child_process');
      const sleeper = spawn(process.execPath, ['-e', ${JSON.stringify(SLEEPER)}], {
        detached: true, env: ${env}, stdio: 'inherit',
      });
      console.log(sleeper.pid);
      process.exit(3);`;
    let said = '';
    const exit = await new Promise<Exit>((resolve) => {
      const spec = {
        command: [process.execPath, '-e', script],
        env: { PATH: process.env['PATH'] ?? '' },
        folder: tmpdir(),
        client: 'client',
        run: 1,
      };
      void new RealProcess(spec, {
        stdout: (chunk) => void (said += chunk.toString()),
        stderr: () => {},
        exited: resolve,
        broke: (why) => t.fail(why),
      });
    });
    t.same(exit, { code: 3, signal: null });
    t.ok(await goes(Number(said)), 'and it is ended');
  });
