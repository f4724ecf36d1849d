// Sends the recorded bytes of clients to real servers: as fast as their answers come, or at the recorded pace.
import { connect, type Socket } from 'node:net';
import type { Dialect, SessionDecoders } from '../../emulators/emulator.ts';
import { type Decoded, SessionTrace } from '../capture/decode.ts';
import { MILLISECOND, type Nanos } from '../clock/clock.ts';
import { RealClock } from '../clock/real.ts';
import { Recorder } from '../trace/recorder.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';
import { answerDifferences } from './answers.ts';
import { checkSendable, paired, type PlayedToServers } from './as-client.ts';
import { attemptsOf, type ClientDeed, type RecordedAttempt } from './client-side.ts';
import { completed } from './infer-plan.ts';
import { Leases } from './leases.ts';
import { PLAYED_FAULTS } from './recording.ts';
import { ReplayError } from './replay-error.ts';

export interface ServerAddress {
  readonly server: string;
  readonly face: string;
  readonly host: string;
  readonly port: number;
}

export interface RealServersOptions {
  readonly file: string;
  readonly dialect: Dialect;
  readonly servers: readonly ServerAddress[];
  /** `answers`: the next bytes leave once those before them are answered as they were. */
  readonly pace: 'answers' | 'recorded';
  /** How long an answer is waited for that was recorded; default 5 s. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

const ANSWER_MS = 5000;
const LOOK_MS = 2;

/** Throws a ReplayError for a capture that has nothing to send to these servers. */
export async function playToRealServers(
  trace: Trace,
  options: RealServersOptions,
): Promise<PlayedToServers> {
  const { file, servers } = options;
  const all = attemptsOf(trace.events);
  checkSendable(trace, all, file);
  const addressOf = ({ server, face }: RecordedAttempt): ServerAddress | undefined =>
    servers.find((one) => one.server === server && one.face === face);
  const states = statesOf(trace, all);
  const known = all.filter((attempt) => addressOf(attempt));
  if (known.length === 0)
    throw new ReplayError(
      `${file}: nothing in it was sent to ${servers.map(({ server, face }) => `${server}.${face}`).join(', ')}; it has ${[...new Set(all.map(({ server, face }) => `${server}.${face}`))].join(', ')}`,
    );
  // Nobody takes a real server down: what was tried in a downtime would tell nothing.
  const sent = known.filter((attempt) => {
    const state = states.get(attempt);
    return attempt.outcome === 'connect' && (state === undefined || !PLAYED_FAULTS.has(state));
  });
  const stage = new Stage(trace.events, options);
  try {
    await stage.play(sent, (attempt) => addressOf(attempt)!);
  } finally {
    stage.close();
  }
  const events = stage.events();
  const fair = sent.filter((attempt) => !states.has(attempt));
  const [then, now] = paired(sent, attemptsOf(events));
  const isFair = new Set(fair);
  const differences = answerDifferences(
    { events: trace.events, attempts: then.filter((attempt) => isFair.has(attempt)) },
    { events, attempts: now.filter((_, index) => isFair.has(then[index]!)) },
    options.dialect,
  );
  return { differences, attempts: all.length, compared: fair.length, events };
}

/** For attempts during a downtime that is known or inferred the name of its fault. */
function statesOf(
  trace: Trace,
  attempts: readonly RecordedAttempt[],
): ReadonlyMap<RecordedAttempt, string> {
  const { events, places } = completed(trace, []);
  const downs: { readonly place: number; readonly event: TraceEvent }[] = [];
  const spans: { readonly from: number; readonly to: number; readonly event: TraceEvent }[] = [];
  for (const [index, event] of events.entries()) {
    const place = places[index]!;
    if (event.event === 'down') downs.push({ place, event });
    if (event.event !== 'up') continue;
    const at = downs.findIndex((one) => sameFault(one.event, event));
    if (at >= 0) spans.push({ from: downs[at]!.place, to: place, event });
    if (at >= 0) downs.splice(at, 1);
  }
  for (const { place, event } of downs) spans.push({ from: place, to: Infinity, event });
  return new Map(
    attempts.flatMap((attempt) => {
      const span = spans.find(
        ({ from, to, event }) =>
          event.actor === attempt.server &&
          (event.face ?? attempt.face) === attempt.face &&
          attempt.index <= to &&
          attempt.all.at(-1)! >= from,
      );
      return span ? [[attempt, String(span.event.fields['fault'])] as const] : [];
    }),
  );
}

function sameFault(a: TraceEvent, b: TraceEvent): boolean {
  return (
    a.actor === b.actor &&
    (a.face === b.face || b.face === undefined || a.face === undefined) &&
    a.fields['fault'] === b.fields['fault']
  );
}

interface Line {
  readonly attempt: RecordedAttempt;
  readonly socket: Socket;
  readonly trace: SessionTrace;
  isOpen: boolean;
  answers: number;
  bytes: number;
  /** It did not answer in time once: it is not waited for again. */
  isLate: boolean;
}

/** All connections of one replay. */
class Stage {
  readonly #options: RealServersOptions;
  readonly #recorded: readonly TraceEvent[];
  readonly #clock = new RealClock();
  readonly #recorder = new Recorder(this.#clock);
  readonly #decoders: SessionDecoders | undefined;
  readonly #leases: Leases;
  /** Connections that are open and not yet too late. */
  readonly #waiting = new Set<Line>();
  readonly #lines = new Map<RecordedAttempt, Line>();

  constructor(recorded: readonly TraceEvent[], options: RealServersOptions) {
    this.#options = options;
    this.#recorded = recorded;
    this.#decoders = options.dialect.decoders?.();
    this.#leases = new Leases(recorded);
    this.#recorder.listen((event) => this.#leases.heard(event));
  }

  events(): readonly TraceEvent[] {
    return this.#recorder.events();
  }

  async play(
    attempts: readonly RecordedAttempt[],
    addressOf: (attempt: RecordedAttempt) => ServerAddress,
  ): Promise<void> {
    this.#clock.start();
    const todo = attempts
      .flatMap((attempt) => [
        { attempt, deed: undefined, at: attempt.at, index: attempt.index },
        ...attempt.deeds.map((deed) => ({ attempt, deed, at: deed.at, index: deed.index })),
      ])
      .toSorted((a, b) => a.index - b.index);
    const first = todo[0]?.at ?? 0n;
    for (const { attempt, deed, at, index } of todo) {
      if (this.#options.signal?.aborted) return;
      if (this.#options.pace === 'recorded') await this.#until(at - first);
      else await this.#answered(index);
      const line = this.#lines.get(attempt);
      if (!deed) await this.#open(attempt, addressOf(attempt));
      else if (line?.isOpen) this.#act(line, deed);
    }
    await this.#answered(Infinity);
  }

  close(): void {
    for (const { socket } of this.#lines.values()) socket.destroy();
    this.#clock.close();
  }

  async #open(attempt: RecordedAttempt, { host, port }: ServerAddress): Promise<void> {
    const { server: actor, face, client: from } = attempt;
    const socket = connect({ host, port, timeout: this.#answerMs });
    const trace = new SessionTrace(
      { actor, face, from, conn: this.#lines.size + 1 },
      this.#decoders?.(actor, face),
      (event) => this.#record(line, event),
    );
    const line: Line = {
      attempt,
      socket,
      trace,
      isOpen: false,
      answers: 0,
      bytes: 0,
      isLate: false,
    };
    this.#lines.set(attempt, line);
    const outcome = await new Promise<string>((resolve) => {
      socket.once('connect', () => resolve('connect'));
      socket.once('timeout', () => resolve('unanswered'));
      socket.on('error', () => resolve('refused'));
    });
    if (outcome !== 'connect') {
      socket.destroy();
      this.#recorder.record({ actor, face, from, event: outcome });
      return;
    }
    socket.setTimeout(0);
    line.isOpen = true;
    this.#waiting.add(line);
    trace.connect();
    socket.on('data', (bytes) => {
      line.bytes += bytes.length;
      trace.sent(bytes);
    });
    socket.on('end', () => this.#over(line, () => trace.close('server')));
    socket.on('error', () => this.#over(line, () => trace.reset('server')));
  }

  #over(line: Line, tell: () => void): void {
    if (!line.isOpen) return;
    line.isOpen = false;
    this.#waiting.delete(line);
    tell();
    line.trace.end();
  }

  #act(line: Line, { kind, bytes }: ClientDeed): void {
    const { attempt, socket, trace } = line;
    if (kind === 'send') {
      const { exchanges } = this.#options.dialect;
      const leases = this.#leases.of(attempt.server);
      const sent = exchanges ? exchanges.rename(attempt.face, bytes, leases) : bytes;
      trace.received(sent);
      socket.write(sent);
    } else if (kind === 'end') {
      trace.close('client');
      socket.end();
    } else {
      this.#over(line, () => trace.reset('client'));
      socket.resetAndDestroy();
    }
  }

  #record(line: Line, { raw, ...event }: Decoded): void {
    if (Object.hasOwn(SEMANTIC_EVENTS, event.event)) line.answers++;
    if (raw) this.#recorder.recordBytes(event, Buffer.from(raw));
    else this.#recorder.record(event);
  }

  /** Waits until every open connection has got what its recorded one had got before that place, or is too late. */
  async #answered(index: number): Promise<void> {
    const deadline = this.#clock.now() + BigInt(this.#answerMs) * MILLISECOND;
    for (;;) {
      const waiting = [...this.#waiting].filter(
        (line) => !line.isLate && line.isOpen && this.#lacks(line, index),
      );
      if (waiting.length === 0 || this.#options.signal?.aborted) return;
      if (this.#clock.now() > deadline) {
        for (const line of waiting) {
          line.isLate = true;
          this.#waiting.delete(line);
        }
        return;
      }
      await this.#until(this.#clock.now() + BigInt(LOOK_MS) * MILLISECOND);
    }
  }

  #lacks({ attempt, answers, bytes }: Line, index: number): boolean {
    const before = attempt.all
      .filter((place) => place < index)
      .map((place) => this.#recorded[place]!);
    if (!this.#decoders)
      return bytes < before.filter(({ event }) => event === 'sent').reduce(addLength, 0);
    return answers < before.filter(({ event }) => Object.hasOwn(SEMANTIC_EVENTS, event)).length;
  }

  #until(time: Nanos): Promise<void> {
    return new Promise((resolve) => void this.#clock.at(time, resolve));
  }

  get #answerMs(): number {
    return this.#options.answerMs ?? ANSWER_MS;
  }
}

function addLength(sum: number, { fields }: TraceEvent): number {
  return sum + Number(fields['length'] ?? 0);
}
