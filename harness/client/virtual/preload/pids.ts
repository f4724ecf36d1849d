import { FIRST_PID, type PidAnswer, type PidQuestion, type Welcome } from '../link.ts';
import { define } from './clock.ts';

const ESRCH = -3;

/** Process ids that are the same in every run. `ask` puts a question to the harness; `catchUp` is for who may end by its own signal. */
export function installPids(
  { pid, ppid }: Pick<Welcome, 'pid' | 'ppid'>,
  ask: (question: PidQuestion) => PidAnswer,
  catchUp: () => void,
): void {
  const realKill = process.kill.bind(process);
  define(process, 'pid', pid);
  // A getter: Node's own property takes no value.
  Object.defineProperty(process, 'ppid', { get: () => ppid, configurable: true, enumerable: true });
  const abort = process.abort.bind(process);
  define(process, 'abort', () => {
    catchUp();
    abort();
  });
  define(process, 'kill', (target: number, signal?: string | number) => {
    catchUp();
    if (Math.abs(target) < FIRST_PID) return realKill(target, signal);
    const real = ask({ pidOf: Math.abs(target) }).pid;
    if (real === 0)
      throw Object.assign(new Error('kill ESRCH'), {
        errno: ESRCH,
        code: 'ESRCH',
        syscall: 'kill',
      });
    return realKill(target < 0 ? -real : real, signal);
  });
}
