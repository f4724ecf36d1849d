// Loaded into the thread of a client before its script: makes the thread look like a process, and puts it into virtual time.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { quietly } from '../virtual/preload/internals.ts';
import type { LastWord, OutputFiles } from './job.ts';
import { installOutput, type OutputInternals } from './output.ts';

/** The preload of virtual time leaves here how to say what it cannot follow. */
const ESCAPE = Symbol.for('meterproof.escape');
/** There it finds how a thread dies of a signal. */
const DIE = Symbol.for('meterproof.die');
const shared = globalThis as unknown as Record<symbol, unknown>;

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
installOutput(workerData as OutputFiles, { fs: binding.internalBinding('fs'), SyncWriteStream });
shared[ESCAPE] = () => {
  throw new Error('virtual time has not begun');
};
const port = parentPort!;
const reallyExit = process.reallyExit.bind(process);
shared[DIE] = (signal: NodeJS.Signals) => {
  port.postMessage({ signal } satisfies LastWord);
  reallyExit(0);
};
await import('../virtual/preload/main.ts');
const escape = shared[ESCAPE] as (what: string) => never;
delete shared[ESCAPE];
delete shared[DIE];
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
// As the client's own command line has it.
process.execArgv = [];
syncBuiltinESMExports();
