import t from 'tap';
import { findPython, native } from './fixture/build.fixture.ts';
import { playNative } from './native-world.fixture.ts';

const python = native ? findPython() : undefined;
const needs = python ? {} : { skip: 'needs Linux on x86-64 and python3' };

/** Leaves the most of each answer unread, says a last word and closes: the kernel makes a reset of that. */
const RUDE = `
import socket, time
for _ in range(40):
    s = socket.create_connection(('127.0.0.1', 7000))
    s.sendall(b'hello\\n')
    s.recv(1)
    s.sendall(b'bye')
    s.close()
time.sleep(1)
`;

t.test('a reset right behind the last bytes is a reset, each time', needs, async (t) => {
  const { trace } = await playNative({
    command: [python!, '-c', RUDE],
    servers: [{ port: 7000 }],
  });
  const count = (pattern: RegExp) => trace.match(pattern)?.length;
  t.equal(count(/7000 data 3 "bye"/g), 40);
  t.equal(count(/7000 reset/g), 40);
  t.notMatch(trace, /7000 end/);
});
