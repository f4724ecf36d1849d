// A process that lends a thread to one client after the other. A thread starts sooner than a process, and takes everything with
// it when it ends: modules, globals, timers, handles, open files.
//
// One client at a time: a working directory, and a pool of threads for files, belong to a process.
import { appendFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { BootData, Job, JobEnd, JobKill, LastWord } from './job.ts';

const BOOT = new URL('./boot.js', import.meta.url);

interface Thread {
  readonly worker: Worker;
  readonly begin: (job: Job) => void;
}

let running: Worker | undefined;
/** Has started while the client before it ran, and waits for its own. */
let spare: Thread | undefined;
let jobs = 0;

process.on('message', (message: Job | JobKill) => {
  if ('kill' in message) void running?.terminate();
  else running = run(message);
});
process.on('disconnect', () => process.exit());

function run(job: Job): Worker {
  const { env, folder, files } = job;
  process.chdir(folder);
  const { worker, begin } = take(env);
  worker.on('error', (error: unknown) => appendFileSync(files.stderr, lastWords(error)));
  let last: LastWord | undefined;
  worker.on('message', (word: LastWord) => (last = word));
  worker.on('exit', (code) => {
    running = undefined;
    // Nobody may be left in a folder that is about to be removed.
    process.chdir('/');
    process.send!({ code, ...last } satisfies JobEnd);
    spare ??= start({});
  });
  begin(job);
  // Who had two clients will have a third.
  if (++jobs > 1) spare ??= start({});
  return worker;
}

/** Node reads its options when a thread starts: one that has some is not started in advance. */
function take(env: Job['env']): Thread {
  const { NODE_OPTIONS } = env;
  if (NODE_OPTIONS !== undefined) return start({ NODE_OPTIONS });
  const thread = spare ?? start({});
  spare = undefined;
  return thread;
}

function start(env: Record<string, string>): Thread {
  const awaited = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(BOOT, {
    env,
    execArgv: ['--expose-internals'],
    workerData: { awaited } satisfies BootData,
    // Nobody reads what the thread's own streams would bring: from Node 22 on a reader asks them for more, and they are replaced.
    stdout: true,
    stderr: true,
  });
  return {
    worker,
    begin: (job) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(job);
      Atomics.store(awaited, 0, 1);
      Atomics.notify(awaited, 0);
    },
  };
}

/** As a process of Node ends on an error that nobody catches. */
function lastWords(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Uncaught ${text}\n\nNode.js ${process.version}\n`;
}
