// The processes of one native client and their threads, and whose turn it is. Bookkeeping only.
import type { Socket } from 'node:net';
import type { Nanos } from '../../clock/clock.ts';
import type { ConnectionReport, Up, Wait, WaitKind } from './protocol.ts';

/** A thread. Only one of all tasks runs at a time. */
export interface Task {
  readonly process: Process;
  readonly tid: number;
  /** Turns go in the order of birth. */
  readonly order: number;
  readonly link: Socket;
  readonly inbox: Up[];
  state: 'held' | 'waiting' | 'running';
  deadline: Nanos | undefined;
  kind: WaitKind;
  /** Number of the system call in which it waits. */
  call: number;
  /** The change that it has seen last. */
  seen: number;
}

export interface Process {
  readonly pid: number;
  readonly order: number;
  readonly tasks: Set<Task>;
  reports: readonly ConnectionReport[];
  /** The program that it has announced to become. */
  exec: string | undefined;
  /** No task of it has been told the seed yet. */
  fresh: boolean;
  /** The last change that only its own threads can see. */
  changed: number;
}

interface Birth {
  /** Its place in the order. */
  readonly order: number;
  /** What it runs, when that is another program than its parent's. */
  readonly program: string;
  /** It has found no program to become: it ends without a word. */
  readonly lost: boolean;
}

export class Tree {
  readonly processes = new Map<number, Process>();
  /** Pid or tid of those who were announced, until they say hello. */
  readonly #births = new Map<number, Birth>();
  #orders = 0;
  #changes = 0;
  /** The last change that a descriptor, or a wait for a child, may show. */
  #changed = 0;
  /** The last change that may have been a signal. */
  #signalled = 0;
  threads = 1;

  /** `id` will say hello, as a process or as a thread. */
  announce(id: number, program = '', lost = false): void {
    this.#births.set(id, { order: this.#orders++, program, lost });
  }

  /** One who was announced has ended. */
  bury(id: number): void {
    this.#births.delete(id);
    this.processes.delete(id);
    this.touch(true);
  }

  get unborn(): [id: number, birth: Birth][] {
    return [...this.#births];
  }

  /** A task has said hello. Undefined: nobody has announced it yet. */
  born(pid: number, tid: number, link: Socket, inbox: Up[]): Task | undefined {
    const old = this.processes.get(pid);
    const order = old?.exec !== undefined ? old.order : this.#births.get(tid)?.order;
    if (order === undefined) return undefined;
    this.#births.delete(tid);
    if (!old || old.exec !== undefined) {
      this.processes.set(pid, {
        pid,
        order,
        tasks: new Set(),
        reports: old?.reports ?? [],
        exec: undefined,
        fresh: true,
        changed: 0,
      });
    }
    const process = this.processes.get(pid)!;
    const task: Task = {
      process,
      tid,
      order,
      link,
      inbox,
      state: 'held',
      deadline: undefined,
      kind: 'file',
      call: -1,
      seen: 0,
    };
    process.tasks.add(task);
    this.threads = Math.max(this.threads, process.tasks.size);
    return task;
  }

  /** Something has happened that descriptors may show; or also a signal, or the end of a process. */
  touch(signal = false, process?: Process): void {
    this.#changed = ++this.#changes;
    if (signal) this.#signalled = this.#changes;
    if (process) process.changed = this.#changes;
  }

  waits(task: Task, { deadline, kind, progress, call, reports }: Wait): void {
    if (progress) this.touch(false, task.process);
    task.state = 'waiting';
    task.deadline = deadline;
    task.kind = kind;
    task.call = call;
    task.seen = this.#changes;
    task.process.reports = reports;
  }

  get tasks(): Task[] {
    return [...this.processes.values()]
      .flatMap(({ tasks }) => [...tasks])
      .toSorted((a, b) => a.order - b.order);
  }

  /** Each connection once: of processes that share one, some have not looked for long, and counts only grow. */
  get reports(): ConnectionReport[] {
    const merged = new Map<bigint, ConnectionReport>();
    for (const report of [...this.processes.values()].flatMap(({ reports }) => reports)) {
      const { id } = report;
      const other = merged.get(id);
      merged.set(id, other ? latest(other, report) : report);
    }
    return [...merged.values()];
  }

  get deadline(): Nanos | undefined {
    let next: Nanos | undefined;
    for (const { tasks } of this.processes.values())
      for (const { deadline } of tasks)
        if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    return next;
  }

  /** Who has to have a turn before time may move. */
  next(now: Nanos): Task | undefined {
    return this.tasks.find((task) => task.state === 'held' || this.#due(task, now));
  }

  #due({ deadline, kind, seen, process }: Task, now: Nanos): boolean {
    if (deadline !== undefined && deadline <= now) return true;
    if (this.#signalled > seen) return true;
    if (kind === 'process') return process.changed > seen;
    return kind === 'file' && this.#changed > seen;
  }
}

function latest(a: ConnectionReport, b: ConnectionReport): ConnectionReport {
  return {
    id: a.id,
    pending: a.pending && b.pending,
    ended: a.ended || b.ended,
    unread: a.received > b.received ? a.unread : b.unread,
    written: Math.max(a.written, b.written),
    received: Math.max(a.received, b.received),
  };
}
