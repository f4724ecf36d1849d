import type { ClientMessage, ServerMessage } from '../../../emulators/metering/codec/index.ts';
import { NO_BUGS, type Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import { KeptReport } from '../report.fixture.ts';
import { ManualTime } from '../time.fixture.ts';
import { CheckOuts } from './check-outs.ts';
import { LeaseBook } from './lease-book.ts';
import type { OpenPipe } from './line.ts';
import { OnlineSession } from './session.ts';

export const MINUTE_MS = 60_000;
const address = { host: '127.0.0.1', port: 1 };
const server = (name: string) => ({ name, pipe: address, share: address });

type Manner = 'up' | 'refuses' | 'silent' | 'denies' | 'busy' | 'refuses-login';

/** Servers that behave as they are told, a session of 3 attempts and 15 minutes, and a list of what was asked, by the minute. */
export class Scene {
  readonly time = new ManualTime();
  readonly report = new KeptReport();
  readonly log: string[] = [];
  readonly manner = new Map<string, Manner>();
  readonly push = new Map<string, (message: ServerMessage) => void>();
  readonly session: OnlineSession;
  readonly #connections = new Map<string, Set<() => void>>();

  constructor(folder: string, bugs: Bugs = NO_BUGS, names = ['alpha', 'bravo']) {
    const [assigned, ...others] = names.map(server);
    const configuration: Configuration = {
      client: 'ws1',
      user: 'user1',
      workstation: 'WS1',
      mode: 'online',
      servers: [assigned!, ...others],
      attempts: 3,
      retryDelayMs: 15 * MINUTE_MS,
      retryJitter: 0,
      pollingIntervalMs: 240 * MINUTE_MS,
      liveStatusIntervalMs: 60 * MINUTE_MS,
      connectTimeoutMs: 1000,
      answerTimeoutMs: 1000,
    };
    const book = new LeaseBook(folder, this.report);
    const open =
      (name: string): OpenPipe =>
      (onLost, onPush) => {
        this.push.set(name, onPush);
        return this.#open(name, onLost);
      };
    const { time, report } = this;
    const checkOuts = new CheckOuts(folder, time, report, bugs);
    this.session = new OnlineSession({ configuration, open, book, checkOuts, time, report, bugs });
  }

  /** Starts the session and lets it go on until that minute. */
  async begin(minute = 0): Promise<void> {
    void this.session.run();
    await this.at(minute);
  }

  at(minute: number): Promise<void> {
    return this.time.goTo(minute * MINUTE_MS);
  }

  /** The server is gone: its connections end, new ones are refused. */
  down(name: string): void {
    this.manner.set(name, 'refuses');
    for (const drop of this.#connections.get(name) ?? []) drop();
  }

  drop(name: string): void {
    for (const drop of this.#connections.get(name) ?? []) drop();
  }

  #note(name: string, what: string): void {
    this.log.push(`${Math.round(this.time.elapsedMs() / MINUTE_MS)} ${name} ${what}`);
  }

  async #open(name: string, onLost: () => void) {
    if (this.manner.get(name) === 'refuses') {
      this.#note(name, 'refused');
      throw new Error('refused');
    }
    const drop = (): void => {
      connections.delete(drop);
      onLost();
    };
    const connections = this.#connections.get(name) ?? new Set();
    this.#connections.set(name, connections.add(drop));
    return {
      ask: async (request: ClientMessage) => this.#answer(name, request),
      leave: () => {
        this.#note(name, 'bye');
        connections.delete(drop);
      },
      destroy: () => void connections.delete(drop),
    };
  }

  async #answer(name: string, request: ClientMessage): Promise<ServerMessage> {
    const manner = this.manner.get(name);
    const about = 'program' in request ? ` ${request.program}` : '';
    this.#note(name, `${request.type}${about}`);
    if (manner === 'silent') {
      await this.time.until(this.time.elapsedMs() + 1000);
      throw new Error('silent');
    }
    switch (request.type) {
      case 'hello':
        return manner === 'refuses-login'
          ? { type: 'login-refused', reason: 'locked' }
          : { type: 'welcome', serverTimeMs: 0, configurationVersion: 1 };
      case 'request-use':
        if (manner === 'denies') return { type: 'denied', why: 'no-seat' };
        if (manner === 'busy') return { type: 'busy', retryAfterMs: 20 * MINUTE_MS };
        return { type: 'granted', lease: `${name}-${request.program}` };
      case 'request-callback':
        return { type: 'callback-registered', durationMs: 1000 };
      case 'check-out':
        if (manner === 'denies') return { type: 'denied', why: 'no-seat' };
        return { type: 'checked-out', lease: `${name}-away`, durationMs: request.durationMs };
      case 'check-in':
        return { type: 'checked-in', lease: request.lease };
      case 'live-status':
        if (request.leases.length > 512) throw new Error('more than a message can name');
        return { type: 'live-ack', leases: request.leases };
      case 'release':
        return { type: 'released', lease: request.lease };
      default:
        throw new Error(`not played: ${request.type}`);
    }
  }
}
