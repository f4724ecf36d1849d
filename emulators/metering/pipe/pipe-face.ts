import type { Duplex } from 'node:stream';
import type { Connection } from '../../emulator.ts';
import {
  encode,
  FrameDecoder,
  ProtocolError,
  type ClientMessage,
  type Decoded,
  type ServerMessage,
} from '../codec/index.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { MALFORMED, type Malformed } from '../faults.ts';
import { bye } from './bye.ts';
import { checkIn } from './check-in.ts';
import { checkOut } from './check-out.ts';
import { getConfiguration } from './get-configuration.ts';
import { hello } from './hello.ts';
import { liveStatus } from './live-status.ts';
import { malformed } from './malformed.ts';
import { release } from './release.ts';
import type { Hello, Reply } from './reply.ts';
import { requestCallback } from './request-callback.ts';
import { requestUse } from './request-use.ts';

/** One connection to the pipe face, from accept to its end. */
export class PipeSession {
  readonly #server: LicenseServer;
  readonly #connection: Connection;
  readonly #stream: Duplex;
  readonly #decoder = new FrameDecoder('client');
  #hello: Hello | undefined;
  #over = false;

  constructor(server: LicenseServer, connection: Connection) {
    this.#server = server;
    this.#connection = connection;
    this.#stream = connection.stream;
  }

  start(): void {
    this.#stream.on('data', (chunk: Buffer) => this.#received(chunk));
    // A message cut off by the client's end is not a broken protocol: clients get killed.
    this.#stream.on('end', () => this.#end());
    this.#stream.on('drain', () => this.#stream.resume());
    this.#stream.on('error', () => this.#stream.destroy());
    this.#stream.on('close', () => this.#disconnected());
  }

  #received(chunk: Buffer): void {
    // What follows the last message is read, so that the client can end, and goes nowhere.
    if (this.#over) return;
    try {
      for (const decoded of this.#decoder.push(chunk)) this.#serve(decoded);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    }
  }

  #refuse(error: ProtocolError): void {
    try {
      for (const decoded of error.before) this.#serve(decoded as Decoded<ClientMessage>);
    } catch (earlier) {
      if (!(earlier instanceof ProtocolError)) throw earlier;
      return this.#break(earlier);
    }
    this.#break(error);
  }

  #break({ why, message, requestId }: ProtocolError): void {
    if (this.#over) return;
    this.#connection.note({ event: 'protocol-error', fields: { why } });
    this.#write(encode({ type: 'protocol-error', reason: message }, requestId));
    this.#end();
  }

  #serve({ requestId, message }: Decoded<ClientMessage>): void {
    if (this.#over) return;
    if (!this.#connection.request()) {
      this.#over = true;
      return;
    }
    const { notes, answers = [], end } = this.#dispatch(message, requestId);
    for (const note of notes) this.#connection.note(note);
    if (this.#hello) this.#server.heard(this.#hello.client, this.#connection.client);
    for (const answer of answers) this.#answer(answer, requestId);
    if (end) this.#end();
  }

  #answer(answer: ServerMessage, requestId: number): void {
    const fault = this.#server.fault('pipe', MALFORMED)?.name as Malformed | undefined;
    if (fault === undefined) return this.#write(encode(answer, requestId));
    this.#connection.note({ event: 'malformed', fields: { why: fault } });
    this.#write(malformed(fault, answer, requestId));
  }

  #dispatch(message: ClientMessage, requestId: number): Reply {
    if (message.type === 'hello') {
      if (this.#hello) throw misplaced('second-hello', 'hello was said before', requestId);
      this.#hello = message;
      const reply = hello(this.#server, message);
      if (!reply.end) this.#server.connected(message.client, this.#push);
      return reply;
    }
    if (!this.#hello) throw misplaced('hello-expected', `${message.type} came first`, requestId);
    switch (message.type) {
      case 'request-use':
        return requestUse(this.#server, this.#hello, message);
      case 'live-status':
        return liveStatus(this.#server, this.#hello, message);
      case 'release':
        return release(this.#server, this.#hello, message);
      case 'get-configuration':
        return getConfiguration(this.#server);
      case 'check-out':
        return checkOut(this.#server, this.#hello, message, this.#connection.client);
      case 'check-in':
        return checkIn(this.#server, this.#hello, message);
      case 'request-callback':
        return requestCallback(this.#server, this.#hello, message);
      case 'bye':
        return bye();
    }
  }

  /** Calls the client back, unasked. */
  readonly #push = (program: string, graceMs: number): boolean => {
    if (this.#over || this.#stream.destroyed || this.#stream.writableEnded) return false;
    this.#connection.note({ event: 'callback', fields: { program, grace: graceMs / 1000 } });
    this.#write(encode({ type: 'callback', program, graceMs }, 0));
    return true;
  };

  #write(frame: Buffer): void {
    if (this.#stream.destroyed) return;
    // A client that does not read its answers gets no more of them than fit its buffers.
    if (!this.#stream.write(frame)) this.#stream.pause();
  }

  #disconnected(): void {
    if (this.#hello) this.#server.disconnected(this.#hello.client, this.#push);
  }

  #end(): void {
    this.#over = true;
    this.#disconnected();
    if (!this.#stream.writableEnded) this.#stream.end();
    this.#stream.resume();
  }
}

function misplaced(
  why: 'second-hello' | 'hello-expected',
  detail: string,
  requestId: number,
): ProtocolError {
  const error = new ProtocolError(why, detail);
  error.requestId = requestId;
  return error;
}
