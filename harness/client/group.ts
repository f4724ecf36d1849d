import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { LaunchSpec } from './process.ts';

/** Marks every process that descends from a client of this run, also one that left its group. */
const MARK = 'METERPROOF_RUN';

const groups = new Set<number>();
let guardian: ChildProcess | undefined;

/** Starts a client as the leader of a process group that ends with us, however we end. */
export function spawnGroup(
  command: readonly string[],
  { env, folder }: Pick<LaunchSpec, 'env' | 'folder'>,
  mark: string,
  stdio: StdioOptions,
): ChildProcess {
  const child = spawn(command[0]!, command.slice(1), {
    cwd: folder,
    env: { ...env, [MARK]: mark },
    stdio,
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) {
    guard().stdin!.write(`+ ${pid}\n`);
    if (groups.size === 0) process.on('exit', killAll);
    groups.add(pid);
  }
  return child;
}

/** A signal to every process of the group. */
export function signalGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** To be called when the leader has ended: ends what it left behind, in its group or out of it. */
export function sweep(leader: number, mark: string): void {
  signalGroup(leader, 'SIGKILL');
  sweepMarked(mark);
  groups.delete(leader);
  if (groups.size === 0) process.off('exit', killAll);
  guardian?.stdin!.write(`- ${leader}\n`);
}

/** Ends every process with that mark. */
export function sweepMarked(mark: string): void {
  for (const pid of marked(mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

function killAll(): void {
  for (const leader of groups) signalGroup(leader, 'SIGKILL');
}

function marked(mark: string): number[] {
  const wanted = `${MARK}=${mark}`;
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A shell that outlives us by a moment: when our end of its stdin closes it kills the groups that are left. */
function guard(): ChildProcess {
  if (guardian) return guardian;
  const script = `
    trap '' INT TERM HUP
    groups=' '
    while read -r sign group; do
      case $sign in
        +) groups="$groups$group " ;;
        -) groups="\${groups%% $group *} \${groups#* $group }" ;;
      esac
    done
    for group in $groups; do kill -KILL "-$group"; done 2>/dev/null`;
  guardian = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guardian.stdin!.on('error', () => {});
  guardian.on('error', () => {});
  // It must not keep us alive.
  guardian.unref();
  (guardian.stdin as unknown as { unref(): void }).unref();
  return guardian;
}
