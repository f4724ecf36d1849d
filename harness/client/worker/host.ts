// A process that lends a thread to one client after the other. A thread starts sooner than a process, and takes everything with
// it when it ends: modules, globals, timers, handles, open files.
//
// One client at a time: a working directory, and a pool of threads for files, belong to a process.
import { appendFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Job, JobEnd } from './job.ts';

const PRELOAD = new URL('./preload.js', import.meta.url).href;

process.on('message', (job: Job) => run(job));
process.on('disconnect', () => process.exit());

function run({ script, argv, env, folder, files }: Job): void {
  process.chdir(folder);
  const worker = new Worker(script, {
    argv: [...argv],
    env: { ...env },
    execArgv: ['--expose-internals', '--import', PRELOAD],
    workerData: files,
  });
  worker.on('error', (error: unknown) => appendFileSync(files.stderr, lastWords(error)));
  worker.on('exit', (code) => {
    // Nobody may be left in a folder that is about to be removed.
    process.chdir('/');
    process.send!({ code } satisfies JobEnd);
  });
}

/** As a process of Node ends on an error that nobody catches. */
function lastWords(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Uncaught ${text}\n\nNode.js ${process.version}\n`;
}
