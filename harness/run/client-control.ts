import type { ClientPlan } from '../case/plan.ts';
import { toMs } from '../clock/duration.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import { ContractReader, encodeCommand, type ClientWord } from '../client/contract.ts';
import { runHook } from '../client/hook.ts';
import type { ClientProcess, Exit } from '../client/process.ts';
import type { Profile } from '../client/profile.ts';
import type { FieldValue } from '../trace/event.ts';
import type { Recorder } from '../trace/recorder.ts';
import type { Prepared } from './prepare-client.ts';
import type { World } from './world.ts';

const STDERR_LINES = 20;

export interface ControlOptions {
  readonly plan: ClientPlan;
  readonly world: World;
  readonly recorder: Recorder;
  readonly profile: Profile;
  readonly prepared: Prepared;
}

/** One client of a case over all its processes: gives it commands, writes down what it answers. */
export class ClientControl {
  readonly name: string;
  readonly #options: ControlOptions;
  #process: ClientProcess | undefined;
  #reader = new ContractReader();
  #runs = 0;
  #lastId = 0;
  /** True while an end of the process is what the play wants. */
  #mayEnd = false;
  readonly #running: string[] = [];
  #stderr = '';

  constructor(options: ControlOptions) {
    this.#options = options;
    this.name = options.plan.name;
  }

  get alive(): boolean {
    return this.#process !== undefined;
  }

  get everStarted(): boolean {
    return this.#runs > 0;
  }

  /** Programs that were started and not yet stopped. */
  get running(): readonly string[] {
    return this.#running;
  }

  get stderrTail(): readonly string[] {
    return this.#stderr.trimEnd().split('\n').slice(-STDERR_LINES).filter(Boolean);
  }

  start(): void {
    if (this.#process) return;
    const run = ++this.#runs;
    this.#record('start', { run });
    const reader = (this.#reader = new ContractReader());
    this.#mayEnd = false;
    this.#process = this.#options.world.launch(this.#options.prepared.launchSpec(run), {
      stdout: (chunk) => reader.push(chunk).forEach((word) => this.#heard(word)),
      stderr: (chunk) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-65_536)),
      broke: (why) => {
        this.#mayEnd = true;
        this.#record('contract', { why });
      },
      exited: (exit) => {
        reader.end().forEach((word) => this.#heard(word));
        this.#exited(exit);
      },
    });
  }

  kill(): void {
    if (!this.#process) return;
    this.#record('kill', {});
    this.#mayEnd = true;
    this.#process.kill();
  }

  /** Starts a program and stops it again after `duration`. */
  runProgram(clock: Clock, program: string, duration: Nanos): void {
    this.#running.push(program);
    this.command('start-program', program);
    clock.at(clock.now() + duration, () => this.stopProgram(program));
  }

  stopProgram(program: string): void {
    const index = this.#running.indexOf(program);
    if (index < 0) return;
    this.#running.splice(index, 1);
    this.command('stop-program', program);
  }

  command(name: string, program?: string): number {
    const id = ++this.#lastId;
    this.#record('command', { id, name, ...(program !== undefined && { program }) });
    if (!this.#process) this.#record('answer', { id, result: 'not-running' });
    else if (this.#options.profile.tier === 'black-box') this.#hook(id, name, program);
    else {
      this.#reader.commandSent(id);
      const command = program === undefined ? { id, name } : { id, name, program };
      this.#process.write(encodeCommand(command));
    }
    return id;
  }

  /** A black box is not told: a hook of its profile does what the command means. */
  #hook(id: number, name: string, program: string | undefined): void {
    const { prepared, world } = this.#options;
    const hook = prepared.hooks.get(name);
    if (!hook) {
      // Without a hook for it, a black box is ended by a signal, as any program of a computer that shuts down.
      if (name !== 'shutdown')
        this.#record('answer', { id, result: 'unsupported', why: `no hook for ${name}` });
      else this.#process!.terminate();
      return;
    }
    const words = hook.map((word) => word.replaceAll('{program}', program ?? ''));
    world.hold(
      runHook(words, prepared, program).then((answer) => this.#record('answer', { id, ...answer })),
    );
  }

  setClock(by: Nanos, text: string): void {
    this.#record('clock', { by: text });
    if (this.#process?.setClock) this.#process.setClock(toMs(by));
    else this.#record('answer', { id: 0, result: 'unsupported', why: 'client clock' });
  }

  /** Asks the process to end, and makes sure of it after `graceNs`. */
  shutDown(clock: Clock, graceNs: Nanos): void {
    const process = this.#process;
    if (!process) return;
    this.#mayEnd = true;
    for (const id of this.#reader.unanswered)
      this.#record('contract', { why: `it never answered command ${id}` });
    this.command('shutdown');
    process.endInput();
    clock.at(clock.now() + graceNs, () => {
      if (this.#process !== process) return;
      this.#record('contract', { why: 'it ignored the shutdown and was killed' });
      process.kill();
    });
  }

  #heard(word: ClientWord): void {
    if (word.kind === 'answer') {
      const { id, result, why } = word;
      this.#record('answer', { id, result, ...(why !== undefined && { why }) });
    } else if (word.kind === 'said') this.#record('said', { event: word.event, ...word.fields });
    else this.#record('contract', { why: word.why, line: word.line });
  }

  #exited({ code, signal }: Exit): void {
    this.#process = undefined;
    // The programs' ends can't be told to anybody any more: these runs are not owed.
    this.#running.length = 0;
    this.#record('exit', { ...(code !== null && { code }), ...(signal !== null && { signal }) });
    const unsupported = /^meterproof: unsupported (.+)$/m.exec(this.#stderr)?.[1];
    if (code === 89 && unsupported !== undefined)
      this.#record('answer', { id: 0, result: 'unsupported', why: unsupported });
    else if (!this.#mayEnd)
      this.#record('contract', { why: `it ended by itself (${describe({ code, signal })})` });
    this.#options.world.wake();
  }

  #record(event: string, fields: Record<string, FieldValue>): void {
    this.#options.recorder.record({ actor: this.name, event, fields });
  }
}

function describe({ code, signal }: Exit): string {
  return signal === null ? `exit status ${code}` : signal;
}
