// What /proc tells of processes that do not tell it themselves: whether they live, and what holds them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errorText } from '../error-text.ts';

const SYSCALLS: Readonly<Record<string, string>> = {
  0: 'read',
  1: 'write',
  2: 'open',
  7: 'poll',
  16: 'ioctl',
  23: 'select',
  34: 'pause',
  35: 'nanosleep',
  42: 'connect',
  43: 'accept',
  45: 'recvfrom',
  47: 'recvmsg',
  61: 'wait4',
  64: 'semget',
  65: 'semop',
  70: 'msgrcv',
  73: 'flock',
  74: 'fsync',
  128: 'rt_sigtimedwait',
  130: 'rt_sigsuspend',
  202: 'futex',
  220: 'semtimedop',
  230: 'clock_nanosleep',
  232: 'epoll_wait',
  240: 'mq_open',
  243: 'mq_timedreceive',
  247: 'waitid',
  257: 'openat',
  270: 'pselect6',
  271: 'ppoll',
  275: 'splice',
  281: 'epoll_pwait',
  288: 'accept4',
  425: 'io_uring_setup',
  426: 'io_uring_enter',
};

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function state(path: string): string | undefined {
  const text = read(path);
  return text === undefined ? undefined : /\) (?<state>\w)/.exec(text)?.groups!['state'];
}

const DEAD = [undefined, 'Z', 'X'];

/** Why nothing can be read of our own processes; undefined: it can. A `/proc` from outside of our namespace shows others under their ids. */
export function whyNotProc(folder = '/proc'): string | undefined {
  let self: string;
  try {
    self = readlinkSync(`${folder}/self`);
  } catch (error) {
    return `virtual time for native programs needs ${folder} (${errorText(error)}): mount -t proc proc ${folder}`;
  }
  return self === `${process.pid}`
    ? undefined
    : `${folder} shows the processes of another namespace: mount -t proc proc ${folder} in this one (unshare --mount-proc)`;
}

/** True when a wait of its parent would return it: the process has ended with all its threads. */
export function processGone(pid: number): boolean {
  if (!DEAD.includes(state(`/proc/${pid}/stat`))) return false;
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

/** True when the kernel has told those that wait for the end of the thread. */
export function threadGone(pid: number, tid: number): boolean {
  return DEAD.includes(state(`/proc/${pid}/task/${tid}/stat`));
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function programOf(pid: number): string | undefined {
  return linkOf(`/proc/${pid}/exe`);
}

/** `python3 (pid 12, 1 thread)`: for messages. */
export function nameOf(pid: number): string {
  const comm = read(`/proc/${pid}/comm`)?.trim() ?? 'a process';
  const status = read(`/proc/${pid}/status`) ?? '';
  const threads = /^Threads:\s+(?<count>\d+)/m.exec(status)?.groups!['count'] ?? '?';
  return `${comm} (pid ${pid}, ${threads} thread${threads === '1' ? '' : 's'})`;
}

export function callName(number: number | string): string {
  return SYSCALLS[number] ?? `system call ${number}`;
}

/** What the kernel has a task do: `python3 (pid 12, 1 thread) in read (wchan pipe_read)`. */
export function describe(pid: number, tid = pid): string {
  const task = `/proc/${pid}/task/${tid}`;
  const name = nameOf(pid);
  const number = read(`${task}/syscall`)?.split(' ')[0]?.trim();
  if (DEAD.includes(state(`${task}/stat`))) return `${name}, which has ended`;
  if (number === undefined || number === 'running') return `${name}, which is busy`;
  const wchan = read(`${task}/wchan`) ?? '';
  const where = wchan === '' || wchan === '0' ? '' : ` (wchan ${wchan})`;
  return `${name} in ${callName(number)}${where}`;
}

/** True when the process has a TCP socket that listens at this port. */
export function listensAt(pid: number, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = [read(`/proc/${pid}/net/tcp`), read(`/proc/${pid}/net/tcp6`)];
  // Local address and port, remote ones, state (0A: listening), and, five columns on, the inode.
  const line = new RegExp(`:${hex} \\S+ 0A (?:\\S+ +){5}(?<inode>\\d+) `, 'g');
  const inodes = tables.flatMap((table) =>
    [...(table ?? '').matchAll(line)].map(({ groups }) => `socket:[${groups!['inode']}]`),
  );
  return inodes.length > 0 && descriptorsOf(pid).some((target) => inodes.includes(target));
}

/** What its descriptors are, as links tell it. */
function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => linkOf(`${folder}/${fd}`) ?? []);
  } catch {
    return [];
  }
}
