// What passes between two ends of one thread takes no time, and neither end keeps the clock from moving.
import t from 'tap';
import { playNode } from './node-world.fixture.ts';

t.test('message ports of one thread keep a client alive, and come in order', async (t) => {
  const { stdout, stderr, error } = await playNode({
    program: `
      import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';
      const say = (...words) => console.log(performance.now(), ...words);
      const { port1, port2 } = new MessageChannel();
      port2.on('message', (message) => { say('heard', message); if (message === 'last') port2.close(); });
      port1.on('close', () => say('closed', port2.hasRef()));
      port1.postMessage('first');
      setTimeout(() => port1.postMessage('second'), 300);
      setTimeout(() => port1.postMessage('last'), 60_000);
      const hidden = new MessageChannel();
      hidden.port1.on('message', (message) => say('many', message));
      hidden.port1.unref();
      setTimeout(() => { for (let k = 1; k <= 3_000; k++) hidden.port2.postMessage(k); }, 400);
      setTimeout(() => say('after many'), 401);
      const one = new BroadcastChannel('news'), other = new BroadcastChannel('news');
      other.onmessage = ({ data, timeStamp }) => { say('news', data, timeStamp); other.close(); one.close(); };
      setTimeout(() => one.postMessage('it is over'), 90_000);
    `,
  });
  t.equal(error, undefined);
  t.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  t.equal(lines.filter((line) => line.startsWith('400 many')).length, 3_000);
  t.same(
    lines.filter((line) => !line.includes(' many ')),
    [
      '0 heard first',
      '300 heard second',
      '401 after many',
      '60000 heard last',
      '60000 closed false',
      '90000 news it is over 90000',
    ],
  );
});

t.test('a client that waits at a port alone waits for what nothing can bring', async (t) => {
  const { error } = await playNode({
    program: `new MessageChannel().port1.on('message', () => {});`,
  });
  t.match(error, /deadlock/);
});

t.test('what is posted at the end of all work is heard before the end', async (t) => {
  const { stdout, exit } = await playNode({
    program: `
      const { port1, port2 } = new MessageChannel();
      const yieldNow = () => new Promise((go) => { port1.onmessage = go; port2.postMessage(0); });
      for (let k = 0; k < 100; k++) await yieldNow();
      const event = new Event('tick');
      setTimeout(() => console.log(performance.now(), event.timeStamp, new PerformanceMark('m').startTime, new PerformanceMark('n', { startTime: 3 }).startTime), 500);
      port1.unref();
      console.log(event.timeStamp);
    `,
  });
  t.same(exit, { code: 0, signal: null });
  t.equal(stdout, '0\n500 0 500 3\n');
});
