// First script of a client's thread, started before it is known which client it is for: then it makes the thread look like a process of that
// client, puts it into virtual time and gives it to the client's own script.
import Module, { createRequire, syncBuiltinESMExports } from 'node:module';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { quietly } from '../virtual/preload/internals.ts';
import { join } from '../virtual/preload/join.ts';
import type { BootData, Job, LastWord } from './job.ts';
import { installOutput, type OutputInternals } from './output.ts';

/** They are the process's own, and Node refuses them to a thread. */
const REFUSED = [
  'abort',
  'chdir',
  'setuid',
  'seteuid',
  'setgid',
  'setegid',
  'setgroups',
  'initgroups',
];

const WHY = '(a client in a thread cannot; --time virtual gives it a process)';

const require = createRequire(import.meta.url);
const { SyncWriteStream, binding } = quietly(() => ({
  SyncWriteStream: require('internal/fs/sync_write_stream') as OutputInternals['SyncWriteStream'],
  binding: require('internal/test/binding') as {
    readonly internalBinding: (name: 'fs') => OutputInternals['fs'];
  },
}));
const port = parentPort!;
const reallyExit = process.reallyExit.bind(process);

const { script, argv, env, files } = nextJob();
process.argv.splice(1, Infinity, script, ...argv);
for (const name of Object.keys(process.env)) delete process.env[name];
Object.assign(process.env, env);
installOutput(files, { fs: binding.internalBinding('fs'), SyncWriteStream });
const escape = join((signal) => {
  port.postMessage({ signal } satisfies LastWord);
  reallyExit(0);
});
refuse();
// As the client's own command line has it.
process.execArgv = [];
syncBuiltinESMExports();
Module.runMain(script);

/** Stands still until there is one: its loop must have seen nothing when the client begins. */
function nextJob(): Job {
  Atomics.wait((workerData as BootData).awaited, 0, 0);
  return receiveMessageOnPort(port)!.message as Job;
}

function refuse(): void {
  for (const name of REFUSED)
    Object.defineProperty(process, name, {
      value: () => escape(`process.${name} ${WHY}`),
      configurable: true,
      writable: true,
    });
  const umask = process.umask.bind(process);
  Object.defineProperty(process, 'umask', {
    value: (mask?: number) => (mask === undefined ? umask() : escape(`process.umask ${WHY}`)),
    configurable: true,
    writable: true,
  });
}
