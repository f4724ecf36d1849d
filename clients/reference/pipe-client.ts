import { connect, type Socket } from 'node:net';
import {
  encode,
  FrameDecoder,
  PROTOCOL_VERSION,
  type ClientMessage,
  type ServerMessage,
} from '../../emulators/metering/codec/index.ts';
import { NO_BUGS, type Bugs } from './bugs.ts';
import type { Address } from './configuration.ts';
import type { Limits } from './http-exchange.ts';
import { Stopped } from './time.ts';

/** How long a connection that we take leave of may take to end. */
const LEAVE_MS = 500;
/** What a timer can take. */
const FOR_EVER_MS = 2_147_483_647;
const HASTE_MS = 5000;
/** Where the version stands in a frame. */
const VERSION_AT = 4;

/** A connection to the pipe service of one server. */
export interface Pipe {
  /** Sends one request; rejects when the pipe fails before the answer is there. */
  ask(request: ClientMessage): Promise<ServerMessage>;
  /** Says bye and ends the connection. */
  leave(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

interface Question {
  readonly resolve: (answer: ServerMessage) => void;
  readonly reject: (why: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connects. Rejects when that fails or takes too long. `onLost` is called once, when the connection has ended; `onPush` for
 * what the server says unasked.
 * When `stop` aborts, the pipe takes its leave, and what was asked is rejected with `Stopped`.
 */
export function openPipe(
  { host, port }: Address,
  { connectTimeoutMs, answerTimeoutMs }: Limits,
  stop: AbortSignal,
  onLost: () => void,
  bugs: Bugs = NO_BUGS,
  onPush: (message: ServerMessage) => void = () => {},
): Promise<Pipe> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) return reject(new Stopped());
    const socket = connect({ host, port });
    const fail = (why: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(why);
    };
    const abort = (): void => fail(new Stopped());
    const timer = setTimeout(() => fail(new Error('no connection in time')), connectTimeoutMs);
    if (bugs.has('connection-awaited-for-ever')) clearTimeout(timer);
    stop.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('close', () => stop.removeEventListener('abort', abort));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      stop.removeEventListener('abort', abort);
      let waitMs = answerTimeoutMs;
      if (bugs.has('answer-awaited-for-ever')) waitMs = FOR_EVER_MS;
      if (bugs.has('slow-is-down')) waitMs = HASTE_MS;
      resolve(new SocketPipe(socket, waitMs, stop, onLost, onPush, bugs));
    });
  });
}

class SocketPipe implements Pipe {
  readonly #socket: Socket;
  readonly #answerTimeoutMs: number;
  readonly #onPush: (message: ServerMessage) => void;
  readonly #bugs: Bugs;
  readonly #decoder = new FrameDecoder('server');
  readonly #questions = new Map<number, Question>();
  #lastRequestId = 0;
  #failure: Error | undefined;

  constructor(
    socket: Socket,
    answerTimeoutMs: number,
    stop: AbortSignal,
    onLost: () => void,
    onPush: (message: ServerMessage) => void,
    bugs: Bugs,
  ) {
    this.#socket = socket;
    this.#bugs = bugs;
    this.#onPush = onPush;
    this.#answerTimeoutMs = answerTimeoutMs;
    const leave = (): void => this.#leave(new Stopped());
    stop.addEventListener('abort', leave, { once: true });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.once('close', () => {
      stop.removeEventListener('abort', leave);
      this.#fail(new Error('the connection was closed'));
      onLost();
    });
  }

  ask(request: ClientMessage): Promise<ServerMessage> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const requestId = ++this.#lastRequestId;
      const frame = encode(request, requestId);
      const timer = setTimeout(
        () => this.#fail(new Error(`no answer to ${request.type} in time`)),
        this.#answerTimeoutMs,
      );
      this.#questions.set(requestId, { resolve, reject, timer });
      this.#socket.write(frame);
    });
  }

  leave(): void {
    this.#leave(new Error('we have taken our leave'));
  }

  destroy(): void {
    this.#fail(new Error('given up'));
  }

  #leave(why: Error): void {
    if (this.#failure) return;
    this.#failure = why;
    this.#socket.end(encode({ type: 'bye' }, ++this.#lastRequestId));
    const timer = setTimeout(() => this.#socket.destroy(), LEAVE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#failQuestions(why);
  }

  #receive(chunk: Buffer): void {
    if (this.#bugs.has('version-not-checked')) chunk.writeUInt8(PROTOCOL_VERSION, VERSION_AT);
    try {
      for (const { requestId, message } of this.#decoder.push(chunk)) {
        if (requestId === 0 && message.type === 'callback') {
          this.#onPush(message);
          continue;
        }
        const question = this.#questions.get(requestId);
        if (!question) throw new Error(`${message.type} answers nothing that was asked`);
        this.#questions.delete(requestId);
        clearTimeout(question.timer);
        question.resolve(message);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** A pipe that has failed once stays failed. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#failQuestions(this.#failure);
    this.#socket.destroy();
  }

  #failQuestions(error: Error): void {
    for (const { timer, reject } of this.#questions.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#questions.clear();
  }
}
