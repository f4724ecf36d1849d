// What the kernel keeps for a program besides its waits: what is left of them, times of folders, queues, devices.
import t from 'tap';
import { MINUTE } from '../../clock/clock.ts';
import { compile, find, native } from './fixture/build.fixture.ts';
import { playNative } from './native-world.fixture.ts';

const kernel = compile('kernel');
const bash = find('bash');
const needs = (program: unknown, name: string) =>
  native && program ? {} : { skip: native ? `${name} is missing` : 'needs Linux on x86-64' };
const linesOf = (text: string): readonly string[] => text.trimEnd().split('\n');

t.test(
  'time left, timers, queues and folders are as a kernel has them',
  needs(kernel, 'cc'),
  async (t) => {
    const spec = { command: [kernel!] };
    const { stdout, exit, trace } = await playNative(spec);
    t.same(linesOf(stdout), [
      '4 select 1',
      '4 left of it 6',
      '4 read 1',
      '7 pselect without a time-out 1',
      '7 ppoll 1',
      '10 a timer is due 1',
      '10 armed anew: due 0',
      '21 disarmed: due 0',
      '21 armed by its copy 0',
      '31 due 1',
      '36 mq_timedreceive -1',
      '43 msgrcv 4',
      '50 semop 0',
      '53 semtimedop -1',
      '53 semop without a wait -1',
      '53 age of a new folder 0',
      '55 with a file in it 0',
      '57 later 2',
      '57 after a rename 0',
      '57 of a link 0',
      '58 after an unlink 0',
      '58 sysinfo, seconds that CLOCK_BOOTTIME is ahead 0',
      '58 mkstemp 1',
      "58 the machine's own name 1",
      '58 a name of getaddrinfo_a that nobody has 1',
      '58 sendmmsg -1',
      '58 a signal of its own 1',
      '58 a signal of a child 1',
      '58 the handler is what it was 1',
      '59 a thread that was cancelled 1',
      '61 expirations of a timer that a child has too 1',
      '63 expirations of a timer that a child has too 1',
      '65 an edge 1',
      '70 edges while nobody reads 0',
      '70 expirations since then 3',
      '73 an alarm that was set before exec 14',
      '74 sendfile to a pipe 300000',
      '74 status of who reads it 0',
      '75 splice 4',
      '76 sleeps of nothing until another thread is done 1',
      '77 a condition variable until time is later, a few waits 1',
      '78 poll until time is later, a few hundred 1',
      '78 a child of one without descriptors 7',
    ]);
    t.equal(exit?.code, 0);
    t.equal((await playNative(spec)).trace, trace);
  },
);

t.test('a wait until a time of the wall clock moves with it', needs(kernel, 'cc'), async (t) => {
  const { stdout } = await playNative({
    command: [kernel!, 'wall-clock'],
    play: ({ clock, client }) => {
      clock.at(5n * MINUTE, () => client.setClock(-3_600_000));
      clock.at(75n * MINUTE, () => client.setClock(300_000));
      clock.at(82n * MINUTE, () => client.setClock(60_000));
    },
  });
  t.same(linesOf(stdout), [
    '4200 sem_timedwait -1',
    '4200 timerfd 1',
    '4800 sem_clockwait of ten minutes -1',
    '5340 clock_nanosleep 0',
  ]);
});

t.test('a random device that a shell has opened is seeded too', needs(bash, 'bash'), async (t) => {
  const program = `
tr -dc a-z </dev/urandom | head -c 12; echo
exec 3</dev/random; head -c 8 <&3 | od -An -tx1`;
  const of = async (seed: number) =>
    (await playNative({ command: [bash!, '-c', program], seed })).stdout;
  const first = await of(1);
  t.match(first, /^[a-z]{12}\n( [0-9a-f]{2}){8}\n$/);
  t.equal(await of(1), first);
  t.not(await of(2), first);
});
