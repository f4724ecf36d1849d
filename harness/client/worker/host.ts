// A process that lends a thread to one client after the other. A thread starts sooner than a process, and takes everything with
// it when it ends: modules, globals, timers, handles, open files.
//
// One client at a time: a working directory, and a pool of threads for files, belong to a process.
import { appendFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Job, JobEnd, JobKill, LastWord } from './job.ts';

const PRELOAD = new URL('./preload.js', import.meta.url).href;

let running: Worker | undefined;

process.on('message', (message: Job | JobKill) => {
  if ('kill' in message) void running?.terminate();
  else running = run(message);
});
process.on('disconnect', () => process.exit());

function run({ script, argv, env, folder, files }: Job): Worker {
  process.chdir(folder);
  const worker = new Worker(script, {
    argv: [...argv],
    env: { ...env },
    execArgv: ['--expose-internals', '--import', PRELOAD],
    workerData: files,
    // Nobody reads what the thread's own streams would bring: from Node 22 on a reader asks them for more, and they are replaced.
    stdout: true,
    stderr: true,
  });
  worker.on('error', (error: unknown) => appendFileSync(files.stderr, lastWords(error)));
  let last: LastWord | undefined;
  worker.on('message', (word: LastWord) => (last = word));
  worker.on('exit', (code) => {
    running = undefined;
    // Nobody may be left in a folder that is about to be removed.
    process.chdir('/');
    process.send!({ code, ...last } satisfies JobEnd);
  });
  return worker;
}

/** As a process of Node ends on an error that nobody catches. */
function lastWords(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Uncaught ${text}\n\nNode.js ${process.version}\n`;
}
