// For the tests of this dialect: a host with a hand-moved clock, and connections in memory.
import { duplexPair, type Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { AnswerFault, Connection, Emulator, Host, Note, ServerSetup } from '../emulator.ts';
import { FrameDecoder, encode, type Message, type ServerMessage } from './codec/index.ts';

export const EPOCH_MS = Date.parse('1999-03-01T08:00:00.000Z');

export const SETUP: ServerSetup = {
  seats: { 'word.exe': 1 },
  forbidden: ['game.exe'],
  permitted: { 'payroll.exe': ['boss'] },
  configuration: {
    version: 3,
    mode: 'online',
    attempts: 5,
    retryDelayMs: 900_000,
    pollingIntervalMs: 14_400_000,
    liveStatusIntervalMs: 3_600_000,
    timedOutAfterMs: 7_200_000,
    servers: ['alpha', 'bravo'],
  },
};

export class FakeHost implements Host {
  readonly server = 'alpha';
  fault: AnswerFault | undefined;
  /** Notes of connections and of the server, as `event key=value …`. */
  readonly notes: string[] = [];
  readonly raw: Note[] = [];
  /** Names of the faults that the emulator has asked for. */
  readonly faultsAskedFor = new Set<string>();
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly action: () => void }[] = [];

  get timers(): number {
    return this.#timers.length;
  }

  wallMs(): number {
    return EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  note(_face: string, client: string | undefined, note: Note): void {
    this.told(note, client);
  }

  told(note: Note, client?: string): void {
    const fields = Object.entries(note.fields ?? {}).map(([key, value]) => `${key}=${value}`);
    const from = client === undefined ? [] : [`from=${client}`];
    this.notes.push([note.event, ...fields, ...from].join(' '));
    this.raw.push(note);
  }

  answerFault(_face: string, names: readonly string[]): AnswerFault | undefined {
    for (const name of names) this.faultsAskedFor.add(name);
    return this.fault && names.includes(this.fault.name) ? this.fault : undefined;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { action } of due) action();
  }
}

/** The client's end of a connection to one face. */
export class FakeClient {
  readonly stream: Duplex;
  /** The emulator's end of it. */
  readonly serverStream: Duplex;
  requests = 0;
  /** Takes the next requests away, as a fault does. */
  drop = false;
  ended = false;
  #received = Buffer.alloc(0);

  constructor(emulator: Emulator, host: FakeHost, face: string, client = 'ws1') {
    const [near, far] = duplexPair();
    this.stream = near;
    this.serverStream = far;
    near.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    near.on('end', () => (this.ended = true));
    const connection: Connection = {
      stream: far,
      client,
      request: () => {
        this.requests++;
        return !this.drop;
      },
      note: (note) => host.told(note),
    };
    emulator.accept(face, connection);
  }

  /** Writes, lets everything happen, and returns what came back since the last call. */
  async exchange(bytes: string | Buffer): Promise<Buffer> {
    this.stream.write(bytes);
    return this.settle();
  }

  async settle(): Promise<Buffer> {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    const received = this.#received;
    this.#received = Buffer.alloc(0);
    return received;
  }

  /** The answers to messages that are sent in one chunk, with request ids from 1. */
  async ask(...messages: readonly Message[]): Promise<ServerMessage[]> {
    const bytes = Buffer.concat(messages.map((message, index) => encode(message, index + 1)));
    const answers = new FrameDecoder('server').push(await this.exchange(bytes));
    return answers.map(({ message }) => message);
  }
}

export const HELLO: Message = {
  type: 'hello',
  client: 'ws1',
  user: 'user1',
  workstation: 'ws1',
  build: 'test 1',
  mode: 'online',
};

export function requestUse(program: string, originalName = ''): Message {
  return { type: 'request-use', program, originalName, version: '1.0' };
}
