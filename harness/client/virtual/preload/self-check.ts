// Run once before a client (`node --expose-internals self-check.js`), or before a server that is to listen (with the word `listening` behind
// it): does this Node still do what virtual time leans on? Says on stderr what does not, and exits with 1.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { installClock, ProcessClock } from './clock.ts';
import { installHttpClock } from './http-clock.ts';
import { type Internals, isHttpLoaded, loadInternals, loadServerInternals } from './internals.ts';
import { installListening } from './listening.ts';
import { installSockets, VirtualSockets } from './sockets.ts';

const HOUR_MS = 3_600_000;
const ENDPOINT = { host: '127.0.0.1', port: 1 };

try {
  check(loadInternals());
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.reallyExit(1);
}

function check(internals: Internals): void {
  checkTimers(internals);
  const sockets = new VirtualSockets(internals);
  checkSockets(internals, sockets);
  if (process.argv.includes('listening')) checkListening(internals, sockets);
  expect(performance.nodeTiming?.uvMetricsInfo?.events >= 0, 'the event loop counts its events');
}

function checkTimers(internals: Internals): void {
  const clock = new ProcessClock({ epochMs: 0, wallOffsetMs: 0, nowMs: 0 });
  installClock(clock, internals);
  const alive = internals.aliveTimers[0]!;
  let fired = 0;
  setTimeout(() => fired++, HOUR_MS);
  expect(internals.nextTimerList()?.expiry === HOUR_MS, 'a timer is due in virtual time');
  expect(internals.aliveTimers[0] === alive + 1, 'a timer keeps the process alive');
  clock.advance(HOUR_MS);
  internals.processTimers(HOUR_MS);
  internals.runTicks();
  expect(fired === 1, 'a timer fires in virtual time');
  expect(Date.now() === HOUR_MS, 'the date is virtual');
}

function checkListening(internals: Internals, sockets: VirtualSockets): void {
  expect(!isHttpLoaded(), 'only the program loads node:http (NODE_OPTIONS)');
  const own = { ...internals, ...loadServerInternals() };
  installHttpClock({ caseMs: 0 }, own);
  installListening(sockets, ENDPOINT.port, own, (what) => {
    throw new Error(what);
  });
  const heard: string[] = [];
  const server = net.createServer((socket) => socket.on('data', (data) => socket.end(data)));
  server.listen(ENDPOINT, () => heard.push('listening'));
  internals.runTicks();
  sockets.takeOps();
  sockets.deliver({ event: 'accepted', id: -1, listener: 2 });
  internals.runTicks();
  sockets.deliver({ event: 'data', id: -1, base64: 'cGluZw==' });
  internals.runTicks();
  const [write] = sockets.takeOps();
  expect(write?.op === 'data' && write.base64 === 'cGluZw==', 'a server answers');
  server.close();
  const last = sockets.takeOps().at(-1);
  expect(heard.join() === 'listening' && last?.op === 'unlisten', 'a server listens and closes');
}

function checkSockets(internals: Internals, sockets: VirtualSockets): void {
  installSockets(sockets, internals);
  const heard: string[] = [];
  const socket = net.connect(ENDPOINT, () => heard.push('connect'));
  socket.on('data', (data) => heard.push(data.toString())).on('end', () => heard.push('end'));
  internals.runTicks();
  const [connect] = sockets.takeOps();
  if (connect?.op !== 'connect') throw new Error('it does not hold that a socket attaches');
  const { id } = connect;
  sockets.deliver({ event: 'connected', id });
  internals.runTicks();
  socket.write('ping');
  const [write] = sockets.takeOps();
  expect(write?.op === 'data' && write.base64 === 'cGluZw==', 'a socket writes');
  sockets.deliver({ event: 'data', id, base64: 'cG9uZw==' });
  internals.runTicks();
  sockets.deliver({ event: 'end', id });
  internals.runTicks();
  expect(heard.join() === 'connect,pong,end', 'a socket connects, reads and ends');
  socket.destroy();
}

function expect(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`in Node ${process.version} it does not hold that ${what}`);
}
