import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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
  // Before the client: one that ends at once still has its pipes when `pipesOf` looks.
  const { stdin } = guard();
  const child = spawn(command[0]!, command.slice(1), {
    cwd: folder,
    env: { ...env, [MARK]: mark },
    stdio,
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) {
    stdin!.write(`+ ${pid}\n`);
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

/** The ends of our pipes that a process which was started just now has, as the system names them; none where it does not tell. */
export function pipesOf(pid: number | undefined): ReadonlySet<string> {
  if (pid === undefined) return new Set();
  return new Set(['0', '1', '2'].map((fd) => linkOf(String(pid), fd)).filter(isPipe));
}

/**
 * To be called when the leader has ended: ends what it left behind, in its group or out of it. `pipes`: those of `pipesOf`, which
 * tell also what has left the group and wiped its environment, as a title of its own does.
 */
export function sweep(leader: number, mark: string, pipes: ReadonlySet<string> = new Set()): void {
  signalGroup(leader, 'SIGKILL');
  sweepMarked(mark);
  if (pipes.size > 0) killEach(holding(pipes));
  groups.delete(leader);
  if (groups.size === 0) process.off('exit', killAll);
  guardian?.stdin!.write(`- ${leader}\n`);
}

/** Ends every process with that mark. */
export function sweepMarked(mark: string): void {
  killEach(marked(mark));
}

function killEach(pids: readonly number[]): void {
  for (const pid of pids) {
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
  return processes((pid) =>
    readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted),
  );
}

function holding(pipes: ReadonlySet<string>): number[] {
  return processes((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => pipes.has(linkOf(pid, fd))),
  ).filter((pid) => pid !== process.pid);
}

/** Those of which that is true; one that nobody may look at is none. */
function processes(isMeant: (pid: string) => boolean): number[] {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids
    .filter((pid) => {
      try {
        return isMeant(pid);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function linkOf(pid: string, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/** A file or a device may be held by anybody. */
function isPipe(link: string): boolean {
  return /^(?:socket|pipe):/.test(link);
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
