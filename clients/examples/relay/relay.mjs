// One relay server over one kept connection: whole, signed answers within the time-outs, or an error.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Agent, request } from 'node:http';

/** Both sides share it; this one is for tests. */
const SECRET = 'meterproof-test-secret';
const MAX_BODY_BYTES = 1024 * 1024;

export class Relay {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #options;
  /** There is one connection at a time. */
  #openedMs = 0;

  /** `options`: address, client, connectTimeoutMs, answerTimeoutMs, bugs, and lost(livedMs) for a connection that ends unasked. */
  constructor(options) {
    this.#options = options;
  }

  /**
   * `PUT` and `DELETE` are about a program, `GET` asks whether the server is there. The `livedMs` of an error says how long the
   * connection had been good; 0: it was a new one.
   */
  send({ method, program }) {
    const { address, client, connectTimeoutMs, answerTimeoutMs, bugs } = this.#options;
    const node = createHmac('sha256', client)
      .update(program ?? '')
      .digest('hex');
    const path = method === 'GET' ? '/v1/health' : `/v1/nodes/${node}`;
    const headers = method === 'GET' ? {} : { 'relay-pool': program };
    return new Promise((resolve, reject) => {
      // IPv6 is in brackets.
      const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address);
      const sent = request({ agent: this.#agent, host, port, method, path, headers });
      let livedMs = 0;
      let connection;
      const fail = (error) => reject(Object.assign(error, { livedMs }));
      const giveUp = (ms) => setTimeout(() => sent.destroy(new Error('no answer in time')), ms);
      let timer = giveUp(connectTimeoutMs);
      const silence = () => {
        clearTimeout(timer);
        timer = giveUp(answerTimeoutMs);
      };
      sent.on('socket', (socket) => {
        connection = socket;
        if (!socket.connecting) {
          livedMs = performance.now() - this.#openedMs;
          return silence();
        }
        this.#openedMs = performance.now();
        socket.once('connect', silence);
        socket.once('close', () => this.#options.lost(performance.now() - this.#openedMs));
      });
      sent.on('response', (response) => {
        const chunks = [];
        let bytes = 0;
        response.on('data', (chunk) => {
          silence();
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) sent.destroy(new Error('the answer is too long'));
        });
        response.on('error', fail);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const { statusCode, headers: said } = response;
          if (bugs.has('signature-unchecked') || isSigned(said, body))
            return resolve({ status: statusCode, headers: said, body });
          connection.destroy();
          fail(new Error('the answer is not signed by the server'));
        });
      });
      sent.on('error', fail);
      sent.on('close', () => {
        clearTimeout(timer);
        fail(new Error('the connection ended'));
      });
      sent.end();
    });
  }
}

function isSigned(headers, body) {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['relay-signature'] ?? '') ?? [];
  const right = createHmac('sha256', SECRET).update(`${t}.${body}`).digest();
  return v1 !== undefined && timingSafeEqual(Buffer.from(v1, 'hex'), right);
}

/** For how long the server asks to be left alone; a date is compared with the server's own clock. */
export function retryAfterMs({ headers }) {
  const text = headers['retry-after'] ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  return Math.max(0, Date.parse(text) - Date.parse(headers.date ?? '')) || 0;
}
