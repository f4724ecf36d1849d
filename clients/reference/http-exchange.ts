import { request, type IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { NO_BUGS, type Bugs } from './bugs.ts';
import type { Address } from './configuration.ts';

export interface Call {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Limits {
  readonly connectTimeoutMs: number;
  /** Longest silence, from the connection on. */
  readonly answerTimeoutMs: number;
}

const HASTE_MS = 5000;
/** Lists of excluded programs of several megabytes were seen in the field (Q311467). */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * One request on a connection of its own. Resolves with a whole answer; rejects for everything else: no connection,
 * silence, a reset, an answer that is cut or is not HTTP, and for the abort of `stop`.
 */
export function exchange(
  { host, port }: Address,
  { method, path, body }: Call,
  { connectTimeoutMs, answerTimeoutMs }: Limits,
  stop: AbortSignal,
  bugs: Bugs = NO_BUGS,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body
      ? { 'content-type': 'application/x-ndjson', 'content-length': body.length }
      : {};
    const call = request({ host, port, method, path, headers, agent: false, signal: stop });

    const giveUp = (why: string) => (): void => void call.destroy(new Error(why));
    let timer = setTimeout(giveUp('no connection in time'), connectTimeoutMs);
    if (bugs.has('connection-awaited-for-ever')) clearTimeout(timer);
    const isPatient =
      bugs.has('share-awaited-for-ever') ||
      (bugs.has('download-stall') && path.endsWith('LICMTR.CFG'));
    const heard = (): void => {
      clearTimeout(timer);
      if (isPatient) return;
      const waitMs = bugs.has('slow-share-is-down') ? HASTE_MS : answerTimeoutMs;
      timer = setTimeout(giveUp('silent for too long'), waitMs);
    };
    const fail = (error: Error): void => {
      clearTimeout(timer);
      call.destroy();
      if (bugs.has('sent-is-stored') && method === 'PUT' && call.writableFinished)
        return resolve({ status: 201, headers: {}, body: Buffer.alloc(0) });
      reject(error);
    };

    call.on('error', fail);
    call.once('socket', (socket: Socket) => socket.once('connect', heard));
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      if (bugs.has('cut-answer-is-an-ack') && method === 'PUT')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.alloc(0),
        });
      let bytes = 0;
      heard();
      const keepsParts = bugs.has('cut-configuration-kept') && path.endsWith('LICMTR.CFG');
      const whole = (): Answer => ({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
      });
      response.on('error', keepsParts ? () => resolve(whole()) : fail);
      response.on('data', (chunk: Buffer) => {
        heard();
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) fail(new Error('the answer is too large'));
      });
      response.once('end', () => {
        if (!response.complete) return fail(new Error('the answer was cut off'));
        clearTimeout(timer);
        resolve(whole());
      });
    });
    call.end(body);
  });
}
