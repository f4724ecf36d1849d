// What the processes of one client know of each other.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LOOPBACK_IPV6, whyNoLoopback } from '../../run/places.ts';
import { find, findPython, native, script } from './fixture/build.fixture.ts';
import { playNative, type WorldSpec } from './native-world.fixture.ts';

const bash = find('bash');
const python = native ? findPython() : undefined;
const noLoopback = await whyNoLoopback(LOOPBACK_IPV6);
const needs = (program: unknown, name: string) =>
  native && program ? {} : { skip: native ? `${name} is missing` : 'needs Linux on x86-64' };

t.test(
  'ids of processes are numbers in the order of births',
  needs(bash && python, 'bash or python3'),
  async (t) => {
    const spec: WorldSpec = { command: ['bash', script('ids.sh'), python!] };
    const { stdout, trace, exit } = await playNative(spec);
    const [ids, random, ...rest] = stdout.trimEnd().split('\n');
    t.equal(ids, 'self 5000001 parent 5000000 subshell 5000002');
    t.match(
      random,
      /^random \d+-\d+-\d+( [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}){2} \S+$/,
    );
    const [, , one, other] = random!.split(' ');
    t.not(one, other);
    t.same(rest, [
      'job 5000006: alive 0',
      'it is in /proc: 0',
      'waited 143',
      'alive 1',
      'a signal',
      'its group 143',
      'python 5000010 of 5000001 True True',
      'child 5000011 of 5000010',
      'started 5000011 gone 5000011',
      'its own group True 2',
      'python 143',
      'up for 1005.00, then 1012.25',
    ]);
    t.same(exit, { code: null, signal: 'SIGKILL' });
    t.equal((await playNative(spec)).trace, trace);
    t.match((await playNative({ ...spec, run: 2 })).stdout, 'self 5100001 parent 5100000');
    const real = (await playNative({ ...spec, realPids: true })).stdout;
    t.match(real, new RegExp(`parent ${process.pid} `), 'where others may look for them');
  },
);

t.test('ids of threads are numbers too', needs(python, 'python3'), async (t) => {
  const program = `
import os, threading
def tell():
    id = threading.get_native_id()
    print(id, os.path.exists(f'/proc/self/task/{id}'), os.sched_getaffinity(id) == os.sched_getaffinity(0))
for _ in range(2):
    thread = threading.Thread(target=tell)
    thread.start()
    thread.join()
print(threading.get_native_id() == os.getpid())`;
  const { stdout } = await playNative({ command: [python!, '-c', program] });
  t.equal(stdout, '5000002 True True\n5000003 True True\nTrue\n');
});

t.test('processes that wait on shared memory', needs(python, 'python3'), async (t) => {
  const program = `
import multiprocessing, time
from concurrent.futures import ProcessPoolExecutor
def work(n):
    time.sleep(n)
    return n * n
def put(queue):
    time.sleep(100)
    queue.put('word')
if __name__ == '__main__':
    start = time.time()
    with ProcessPoolExecutor(2) as pool: print(list(pool.map(work, [10, 20])), round(time.time() - start))
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=put, args=[queue])
    child.start()
    print(queue.get(timeout=1000), round(time.time() - start))
    child.join()
    event = multiprocessing.Event()
    print(event.wait(10), round(time.time() - start))`;
  const spec: WorldSpec = {
    command: [python!, '-B', 'pool.py'],
    files: (folder) => writeFileSync(join(folder, 'pool.py'), program),
  };
  const { stdout, trace, exit } = await playNative(spec);
  t.same(stdout.trimEnd().split('\n'), ['[100, 400] 20', 'word 120', 'False 130']);
  t.equal(exit?.code, 0);
  t.equal((await playNative(spec)).trace, trace);
});

t.test('/proc shows the processes of the client, and no others', needs(bash, 'bash'), async (t) => {
  const program = `
sleep 30
sleep 100 & child=$!
sleep 1
read -r pid name state parent group session terminal rest </proc/$child/stat
set -- $rest
echo $pid $name $parent $(($group == $(cut -d' ' -f5 /proc/self/stat))), started \${15}
grep -E '^(Tgid|Pid|PPid):' /proc/$$/status
echo $(ls /proc | grep '^[0-9]')
cd /proc/$child && echo there
kill $child; wait $child
echo $(ls /proc | grep -c "^$child$")`;
  const spec: WorldSpec = { command: [bash!, '-c', program] };
  const { stdout, trace } = await playNative(spec);
  t.same(stdout.trimEnd().split('\n'), [
    // A machine that has been up for a thousand seconds, in hundredths.
    '5000003 (sleep) 5000001 1, started 103000',
    'Tgid:\t5000001',
    'Pid:\t5000001',
    'PPid:\t5000000',
    // Those of the pipe are there too.
    '5000001 5000003 5000007 5000008 5000009',
    'there',
    '0',
  ]);
  t.equal((await playNative(spec)).trace, trace);
});

t.test(
  'a program that connects to a listener of its own has both ends, as those of a pipe',
  noLoopback === undefined ? needs(python, 'python3') : { skip: noLoopback },
  async (t) => {
    const spec: WorldSpec = { command: [python!, '-B', script('own.py')] };
    const { stdout, trace, exit } = await playNative(spec);
    t.same(stdout.trimEnd().split('\n'), [
      '1 nothing yet True',
      "1 a byte True b'x'",
      "1 the end b''",
      '2 nothing yet True',
      "2 a byte True b'x'",
      "2 the end b''",
      '3 fetched 300000',
      '3 fetched 300000',
      '3 fetched 300000',
      '5 a child has connected',
      '6 it sent 200000',
      '6 a closed one True',
    ]);
    t.equal(exit?.code, 0);
    for (let repeat = 0; repeat < 5; repeat++) t.equal((await playNative(spec)).trace, trace);
  },
);
