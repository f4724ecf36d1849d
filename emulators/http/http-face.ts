import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connection } from '../emulator.ts';
import { type HttpAnswer, type HttpRequest, MAX_BODY_BYTES, MAX_DRAINED_BYTES } from './answer.ts';

const MAX_HEADER_BYTES = 16 * 1024;
/** By which an answer of wrong length falls short of what it announces. */
const MISSING_BYTES = 10;

export interface HttpFaceOptions {
  /** Answers one whole request. */
  answer(request: HttpRequest, connection: Connection): HttpAnswer;
  /** Milliseconds since 1970 on the server's clock, for `Date`. */
  wallMs(): number;
}

/** A face on `node:http`: a server that never listens and is given its connections. It reads no clock and keeps no timer. */
export class HttpFace {
  readonly #options: HttpFaceOptions;
  readonly #http: Server;
  readonly #connections = new WeakMap<Duplex, Connection>();
  readonly #open = new Set<Duplex>();

  constructor(options: HttpFaceOptions) {
    this.#options = options;
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
    });
    // As a file share does, and not declared by @types/node: a client that ends its side still gets its answer.
    Object.assign(this.#http, { httpAllowHalfOpen: true });
    this.#http.on('request', (request, response) => this.#read(request, response));
    this.#http.on('clientError', (error, socket) => this.#broken(error, socket));
  }

  accept(connection: Connection): void {
    const { stream } = connection;
    this.#connections.set(stream, connection);
    this.#open.add(stream);
    stream.on('close', () => this.#open.delete(stream));
    this.#http.emit('connection', stream);
  }

  close(): void {
    for (const stream of this.#open) stream.destroy();
  }

  #read(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bodyBytes = 0;
    request.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length;
      if (bodyBytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (bodyBytes > MAX_DRAINED_BYTES) this.#tooLong(request);
    });
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const body = bodyBytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
      this.#answer(request, response, body);
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
    const connection = this.#connections.get(request.socket);
    if (!connection || request.socket.destroyed || !connection.request()) return;
    const { method = '', url: target = '', headers } = request;
    const answer = this.#options.answer({ method, target, headers, body }, connection);
    for (const note of answer.notes) connection.note(note);
    if (answer.malformed) return this.#malform(request.socket, answer);
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
      date: this.#date(),
    });
    // Text, not bytes: headers and body then leave in one write, and a cut counts over both.
    response.end(answer.body);
  }

  /** The only answers that `node:http` would not write. The connection ends with them. */
  #malform(socket: Duplex, { malformed, status, headers, body }: HttpAnswer): void {
    const version = malformed === 'wrong-version' ? '9.9' : '1.1';
    const missing = malformed === 'wrong-length' ? MISSING_BYTES : 0;
    const lines = Object.entries({
      ...headers,
      'content-length': Buffer.byteLength(body) + missing,
      date: this.#date(),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/${version} ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`,
    );
    socket.resume();
  }

  #tooLong(request: IncomingMessage): void {
    this.#note(request.socket, 'body-too-long');
    request.socket.destroy(new Error('the body is too long'));
  }

  #broken(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Only what the parser rejects is broken HTTP. A client that went away in the middle was perhaps killed.
    const parsed = error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE';
    if (!parsed || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#note(socket, 'bad-http');
    socket.end(
      `HTTP/1.1 400 Bad Request\r\ndate: ${this.#date()}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
    socket.resume();
  }

  #note(socket: Duplex, why: string): void {
    this.#connections.get(socket)?.note({ event: 'protocol-error', fields: { why } });
  }

  #date(): string {
    return new Date(this.#options.wallMs()).toUTCString();
  }
}
