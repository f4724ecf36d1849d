import type { AnswerFault, Emulator, FaceDescription } from '../../emulators/emulator.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Recorder } from '../trace/recorder.ts';
import { ShimConnection, where } from './connection.ts';
import { Downtime, type DownAction } from './downtime.ts';
import { WIRE_FAULTS } from './faults/index.ts';
import type { Endpoint, Listener, Listening, Transport } from './transport.ts';

interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly listener: Listener;
}

export interface ShimOptions {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly transport: Transport;
  readonly faces: readonly FaceDescription[];
  /** Of everything random; default 1. */
  readonly seed?: number;
  /** The emulated server of that name. */
  emulator(server: string): Emulator;
}

/** A `down` that comes again and again: on these faces, until it is lifted. */
interface Flap {
  readonly action: DownAction;
  readonly faces: Set<string>;
  timer: Timer;
}

/** Stands in front of the emulated servers: the only code that touches their sockets, and the owner of all downtimes. */
export class Shim {
  readonly #options: ShimOptions;
  readonly #endpoints: OpenEndpoint[] = [];
  readonly #connections = new Map<number, { endpoint: Endpoint; connection: ShimConnection }>();
  #downtimes: Downtime[] = [];
  #flaps: Flap[] = [];
  #lastConnection = 0;
  readonly #unlisten: () => void;
  /** Changes of listeners that are not yet true on the wire. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: ShimOptions) {
    this.#options = options;
    this.#unlisten = options.recorder.listen((event) => this.#count(event));
  }

  /** Binds an endpoint, in the state that the downtimes begun so far give it. */
  async open(endpoint: Endpoint): Promise<void> {
    const { transport, recorder } = this.#options;
    const listener = await transport.listen(endpoint, this.stateOf(endpoint), {
      attempted: (outcome, at) => recorder.record({ ...where(endpoint), event: outcome }, at),
      accept: (wire) => {
        const number = ++this.#lastConnection;
        const connection = new ShimConnection(wire, {
          endpoint,
          number,
          clock: this.#options.clock,
          recorder,
          faults: () => this.#faultsOn(endpoint, number),
          closed: () => this.#connections.delete(number),
        });
        this.#connections.set(number, { endpoint, connection });
        if (connection.open())
          this.#options.emulator(endpoint.server).accept(endpoint.face, connection);
        return connection;
      },
    });
    this.#endpoints.push({ endpoint, listener });
  }

  /** What a connection attempt at that face meets now. */
  stateOf({ server, face }: { server: string; face: string }): Listening {
    const closing = this.#downtimes.find(
      (downtime) => downtime.isOn(server, face) && downtime.wire?.listening !== undefined,
    );
    return closing?.wire?.listening ?? 'open';
  }

  /** Begins a downtime, or a series of them. */
  down(action: DownAction): void {
    const { clock } = this.#options;
    const faces = this.#facesOf(action);
    const { until } = action;
    this.#begin(action, faces);
    if (until.kind !== 'for' || until.every === undefined) return;
    const { every } = until;
    const again = (): Timer =>
      clock.at(clock.now() + every, () => {
        this.#begin(action, [...flap.faces]);
        flap.timer = again();
      });
    const flap: Flap = { action, faces: new Set(faces), timer: again() };
    this.#flaps.push(flap);
  }

  #begin(action: DownAction, faces: readonly string[]): void {
    const { clock, recorder, seed = 1 } = this.#options;
    const sinceConnection = this.#lastConnection + 1;
    const downtime = new Downtime(action, faces, { sinceConnection, seed });
    // Of a series that has ended on one face, the other is told apart.
    const face =
      action.face ?? (faces.length < this.#knowing(action).length ? faces[0] : undefined);
    const fields = { ...downtime.fields(), ...(action.newOnly && { 'new-only': true }) };
    recorder.record({ actor: action.server, face, event: 'down', fields });
    this.#downtimes.push(downtime);
    if (action.until.kind === 'for')
      clock.at(clock.now() + action.until.duration, () => this.#lift(downtime, downtime.faces));
    this.#applyListening();
    const { established } = downtime.wire ?? {};
    if (!established) return;
    for (const [number, { endpoint, connection }] of [...this.#connections]) {
      if (!downtime.isOn(endpoint.server, endpoint.face) || downtime.spares(number)) continue;
      if (established === 'reset') connection.resetByServer();
      else connection.vanish();
    }
  }

  /** The server is started anew: what is established with it is reset. */
  restart(server: string): void {
    for (const { endpoint, connection } of [...this.#connections.values()])
      if (endpoint.server === server) connection.resetByServer();
  }

  /** Ends the downtimes of a server, or of one face of it. */
  up(server: string, face?: string): void {
    for (const flap of this.#flaps) if (flap.action.server === server) this.#endFlap(flap, face);
    for (const downtime of [...this.#downtimes])
      if (downtime.action.server === server)
        this.#lift(downtime, face === undefined ? downtime.faces : [face]);
  }

  /** Ends all downtimes. */
  upAll(): void {
    for (const flap of this.#flaps) this.#endFlap(flap);
    for (const downtime of [...this.#downtimes]) this.#lift(downtime, downtime.faces);
  }

  /** The active answer fault of a face among `names`: the one that began last. */
  answerFault(server: string, face: string, names: readonly string[]): AnswerFault | undefined {
    const active = this.#downtimes.findLast(
      (downtime) => downtime.isOn(server, face) && names.includes(downtime.action.fault.name),
    );
    if (!active) return undefined;
    return { name: active.action.fault.name, args: active.action.fault.args };
  }

  /** Resolves once every change so far is true on the wire. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  /** Unbinds everything; connections that are left are reset without a word in the trace. */
  async close(): Promise<void> {
    this.#unlisten();
    this.#downtimes = [];
    for (const flap of this.#flaps) this.#endFlap(flap);
    await this.#changes.catch(() => {});
    await Promise.all(this.#endpoints.map(({ listener }) => listener.close()));
    for (const { connection } of [...this.#connections.values()]) connection.stream.destroy();
  }

  #endFlap(flap: Flap, face?: string): void {
    if (face === undefined) flap.faces.clear();
    else flap.faces.delete(face);
    if (flap.faces.size > 0) return;
    flap.timer.cancel();
    this.#flaps = this.#flaps.filter((other) => other !== flap);
  }

  #facesOf(action: DownAction): readonly string[] {
    const knowing = this.#knowing(action);
    if (knowing.length === 0)
      throw new RangeError(
        `no face knows the fault "${action.fault.name}"; the case loader lets none pass`,
      );
    return knowing;
  }

  #knowing({ face, fault }: DownAction): readonly string[] {
    return this.#options.faces
      .filter(
        ({ name, answerFaults }) =>
          (face === undefined || name === face) &&
          (WIRE_FAULTS[fault.name] !== undefined || answerFaults[fault.name] !== undefined),
      )
      .map(({ name }) => name);
  }

  #faultsOn({ server, face }: Endpoint, number: number) {
    return this.#downtimes
      .filter((downtime) => downtime.isOn(server, face))
      .map((downtime) => downtime.connection(number))
      .filter((fault) => fault !== undefined);
  }

  #count({ actor, face, event }: TraceEvent): void {
    if (face === undefined) return;
    for (const downtime of [...this.#downtimes])
      if (downtime.isOn(actor, face) && downtime.counts(event))
        this.#lift(downtime, downtime.faces);
  }

  #lift(downtime: Downtime, faces: readonly string[]): void {
    const { server, face } = downtime.action;
    const leaving = faces.filter((name) => downtime.isOn(server, name));
    if (leaving.length === 0) return;
    const onAll = leaving.length === downtime.faces.length;
    for (const name of leaving)
      if (downtime.leave(name))
        this.#downtimes = this.#downtimes.filter((other) => other !== downtime);
    this.#options.recorder.record({
      actor: server,
      face: onAll ? face : leaving[0],
      event: 'up',
      fields: downtime.fields(),
    });
    this.#applyListening();
    if (downtime.wire?.established === 'vanish') this.#reappear(server, leaving);
  }

  #reappear(server: string, faces: readonly string[]): void {
    const isBack = (face: string): boolean =>
      !this.#downtimes.some(
        (downtime) => downtime.wire?.established === 'vanish' && downtime.isOn(server, face),
      );
    for (const { endpoint, connection } of [...this.#connections.values()])
      if (endpoint.server === server && faces.includes(endpoint.face) && isBack(endpoint.face))
        connection.reappear();
  }

  #applyListening(): void {
    const changes = this.#endpoints.map(({ endpoint, listener }) =>
      listener.set(this.stateOf(endpoint)),
    );
    this.#changes = Promise.all([this.#changes, ...changes]);
    this.#changes.catch(() => {});
  }
}
