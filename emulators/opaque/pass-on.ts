import type { Duplex } from 'node:stream';
import type { Connection } from '../emulator.ts';

/**
 * Passes bytes, FINs and resets on, in both directions. What arrives in one piece counts as one request: nobody here can
 * tell where a message ends. `stream`: what is inside the connection, where that is not its own bytes.
 */
export function passOn(
  connection: Connection,
  upstream: Duplex,
  stream: Duplex = connection.stream,
): void {
  stream.on('data', (bytes: Buffer) => {
    if (connection.request() && !upstream.write(bytes)) stream.pause();
  });
  upstream.on('drain', () => stream.resume());
  upstream.on('data', (bytes: Buffer) => {
    if (!stream.write(bytes)) upstream.pause();
  });
  stream.on('drain', () => upstream.resume());
  stream.on('end', () => upstream.end());
  upstream.on('end', () => stream.end());
  stream.on('close', () => upstream.destroy(bothEnded(stream) ? undefined : gone()));
  upstream.on('error', (error) => connection.stream.destroy(error));
}

function bothEnded(stream: Duplex): boolean {
  return stream.readableEnded && stream.writableFinished;
}

/** The client has reset its connection, or a fault has: the real server sees the same. */
function gone(): Error {
  return new Error('the connection is gone');
}
