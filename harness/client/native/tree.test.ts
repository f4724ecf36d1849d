import type { Socket } from 'node:net';
import t from 'tap';
import type { Wait, WaitKind } from './protocol.ts';
import { Tree, type Task } from './tree.ts';

const link = {} as Socket;
const waiting = (kind: WaitKind, deadline?: bigint, progress = false): Wait => ({
  deadline,
  kind,
  progress,
  call: 0,
  reports: [],
});

function started(tree: Tree, pid: number, tid = pid): Task {
  tree.announce(tid);
  return tree.born(pid, tid, link, [])!;
}

t.test('turns go in the order in which tasks were announced, not in which they said hello', (t) => {
  const tree = new Tree();
  tree.announce(10);
  tree.announce(30);
  tree.announce(20);
  for (const pid of [20, 10, 30]) tree.born(pid, pid, link, []);
  const order: number[] = [];
  for (let task = tree.next(0n); task; task = tree.next(0n)) {
    order.push(task.tid);
    tree.waits(task, waiting('sleep'));
  }
  t.same(order, [10, 30, 20]);
  t.end();
});

t.test('nobody has a turn who was not announced', (t) => {
  t.equal(new Tree().born(1, 1, link, []), undefined);
  t.end();
});

t.test('who waits has a turn when what it waits for may have come', (t) => {
  const tree = new Tree();
  const tasks = [started(tree, 1), started(tree, 2), started(tree, 3), started(tree, 4)];
  const kinds: WaitKind[] = ['sleep', 'child', 'process', 'file'];
  const rest = () => tasks.forEach((task, index) => tree.waits(task, waiting(kinds[index]!)));
  const due = () => {
    const found: (string | undefined)[] = [];
    for (let task = tree.next(0n); task; task = tree.next(0n)) {
      found.push(task.kind);
      tree.waits(task, waiting(task.kind));
    }
    return found;
  };
  rest();
  t.same(due(), []);
  tree.touch();
  t.same(due(), ['file'], 'bytes have come');
  tree.touch(true);
  t.same(due(), kinds, 'somebody may have sent a signal, or has ended');
  tree.waits(tasks[0]!, waiting('sleep', undefined, true));
  t.same(due(), ['file'], 'a process has done something');
  const sibling = started(tree, 3, 33);
  tree.waits(sibling, waiting('sleep', undefined, true));
  t.same(due(), ['process', 'file'], 'a thread of the same process has done something');
  t.end();
});

t.test('the deadline is the earliest one, and whoever has it is due then', (t) => {
  const tree = new Tree();
  const [first, second] = [started(tree, 1), started(tree, 2)];
  tree.waits(first, waiting('sleep', 50n));
  tree.waits(second, waiting('file', 20n));
  t.equal(tree.deadline, 20n);
  t.equal(tree.next(19n), undefined);
  t.equal(tree.next(20n), second);
  t.end();
});

t.test('a process that becomes another program keeps its place', (t) => {
  const tree = new Tree();
  const shell = started(tree, 1);
  started(tree, 2);
  shell.process.exec = '/bin/ls';
  const next = tree.born(1, 1, link, [])!;
  t.equal(next.order, shell.order);
  t.not(next.process, shell.process);
  t.equal(tree.next(0n), next);
  t.end();
});
