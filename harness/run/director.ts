import { eventMatches } from '../case/match.ts';
import type { Plan, Step } from '../case/plan.ts';
import { DAY, MINUTE, SECOND, type Clock, type Nanos } from '../clock/clock.ts';
import { formatDuration, toMs } from '../clock/duration.ts';
import type { Shim } from '../shim/shim.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Recorder } from '../trace/recorder.ts';
import type { ClientControl } from './client-control.ts';
import type { ServerControl } from './server-control.ts';

/** How long a client may take to end when it is asked to. */
const SHUTDOWN_GRACE: Nanos = 5n * SECOND;
/** How long a play may wait for an event that ends it. */
const LONGEST_PLAY: Nanos = 31n * DAY;
/** At most this on top of what a client needs to deliver: the last upload must not end with the last second. */
const LONGEST_MARGIN: Nanos = MINUTE;

/** What a play asks of a client. */
export type DirectedClient = Pick<
  ClientControl,
  | 'alive'
  | 'everStarted'
  | 'running'
  | 'start'
  | 'kill'
  | 'runProgram'
  | 'stopProgram'
  | 'command'
  | 'setDisk'
  | 'setClock'
  | 'shutDown'
>;

export interface Stage {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly shim: Shim;
  readonly servers: ReadonlyMap<string, ServerControl>;
  readonly clients: ReadonlyMap<string, DirectedClient>;
}

/** Takes the steps of a play when their time comes, then drains and shuts down. */
export class Director {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #armed: ReadonlySet<Step>;
  readonly #taken = new Set<Step>();
  #ended = false;
  #drained = false;

  constructor(plan: Plan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
    this.#armed = new Set(
      plan.play.filter(
        ({ time, action }) => time.kind === 'at' && time.at === 0n && action.kind === 'down',
      ),
    );
  }

  /** Begins the downtimes that are there from the start, before anything listens. */
  arm(): void {
    for (const step of this.#armed) this.#take(step);
  }

  /** Lays the steps on the clock. Those with a time of their own wait for no other; the rest follow the step before. */
  begin(): void {
    const { play } = this.#plan;
    play.forEach((step, index) => {
      if (step.time.kind !== 'at' || this.#armed.has(step)) return;
      this.#stage.clock.at(step.time.at, () => this.#takeFrom(index));
    });
    // An end that waits for an event which never comes: the case must end all the same.
    if (play.at(-1)!.time.kind !== 'at') this.#stage.clock.at(LONGEST_PLAY, () => this.#end());
    for (const step of this.#armed) this.#follow(play.indexOf(step) + 1);
    if (play[0]?.time.kind !== 'at') this.#follow(0);
  }

  /** True when the drain is over and every client is gone. */
  get finished(): boolean {
    return this.#drained && [...this.#stage.clients.values()].every(({ alive }) => !alive);
  }

  #takeFrom(index: number): void {
    this.#take(this.#plan.play[index]!);
    this.#follow(index + 1);
  }

  /** Waits for what the step at `index` waits for, if that is something that comes after the step before it. */
  #follow(index: number): void {
    const step = this.#plan.play[index];
    if (!step || step.time.kind === 'at') return;
    const { time } = step;
    const { clock, recorder } = this.#stage;
    if (time.kind === 'after') {
      clock.at(clock.now() + time.delay, () => this.#takeFrom(index));
      return;
    }
    let seen = 0;
    const stop = recorder.listen((event: TraceEvent) => {
      if (!eventMatches(time.event, event) || ++seen < time.nth) return;
      stop();
      // Never in the middle of what made the event: the emulator has yet to answer.
      clock.at(clock.now() + time.delay, () => this.#takeFrom(index));
    });
  }

  #take(step: Step): void {
    if (this.#taken.has(step)) return;
    this.#taken.add(step);
    const { action } = step;
    const { shim, clock } = this.#stage;
    if (action.kind === 'end') return this.#end();
    if (this.#ended) return;
    if (action.kind === 'down') return shim.down(action);
    if (action.kind === 'up') return shim.up(action.server, action.face);
    if ('server' in action) return this.#stage.servers.get(action.server)!.take(action);
    const client = this.#stage.clients.get(action.client)!;
    if (action.kind === 'run') client.runProgram(clock, action);
    else if (action.kind === 'check-out')
      client.command('check-out', action.program, { durationMs: toMs(action.duration) });
    else if (action.kind === 'check-in') client.command('check-in', action.program);
    else if (action.kind === 'disk') client.setDisk(action.state);
    else if (action.kind === 'command') client.command(action.name, action.argument);
    else if (action.kind === 'clock') client.setClock(action.by, formatDuration(action.by));
    else if (action.kind === 'start') client.start();
    else client.kill();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { clock, recorder, shim, clients } = this.#stage;
    for (const step of this.#plan.play)
      if (!this.#taken.has(step))
        recorder.record({ actor: 'harness', event: 'missed', fields: { step: step.text } });
    recorder.record({ actor: 'harness', event: 'end' });
    shim.upAll();
    for (const client of clients.values()) {
      client.setDisk('free');
      for (const program of client.running.slice()) client.stopProgram(program);
      if (client.everStarted) client.start();
    }
    clock.at(clock.now() + drainTime(this.#plan), () => this.#shutDown());
  }

  #shutDown(): void {
    const { clock, recorder, clients } = this.#stage;
    recorder.record({ actor: 'harness', event: 'drained' });
    this.#drained = true;
    for (const client of clients.values()) client.shutDown(clock, SHUTDOWN_GRACE);
  }
}

/** One polling interval + attempts × delay, what a client needs at most to deliver when all servers are up, and a margin. */
export function drainTime({ clients }: Plan): Nanos {
  const needs = clients.map((client) => {
    const { pollingIntervalNs, attempts, retryDelayNs, connectTimeoutNs, answerTimeoutNs } = client;
    const atMost = pollingIntervalNs + BigInt(attempts) * retryDelayNs;
    // A request that a fault has struck in the last moment still uses up its time-outs.
    const margin = atMost / 10n + connectTimeoutNs + answerTimeoutNs;
    return atMost + (margin < LONGEST_MARGIN ? margin : LONGEST_MARGIN);
  });
  return needs.reduce((a, b) => (a > b ? a : b), 0n);
}
