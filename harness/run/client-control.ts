import { isLibraryCommand } from '../case/commands.ts';
import type { Action, ClientPlan } from '../case/plan.ts';
import { toMs } from '../clock/duration.ts';
import type { Clock, Nanos } from '../clock/clock.ts';
import {
  type Command,
  ContractReader,
  encodeCommand,
  type ClientWord,
} from '../client/contract.ts';
import { type HookResult, Hooks } from '../client/hook.ts';
import { lastLines } from '../client/last-lines.ts';
import type { ClientProcess, Exit } from '../client/process.ts';
import type { Profile } from '../client/profile.ts';
import type { FieldValue } from '../trace/event.ts';
import type { Recorder } from '../trace/recorder.ts';
import { FullDisk, tearLastLine } from './full-disk.ts';
import type { Prepared } from './prepare-client.ts';
import { Telling } from './telling.ts';
import type { World } from './world.ts';

const STDERR_LINES = 20;

interface Subject {
  readonly program?: string;
  readonly argument?: string;
}

type RunAction = Extract<Action, { kind: 'run' }>;
type More = Pick<Command, 'originalName' | 'version' | 'durationMs'>;

export interface ControlOptions {
  readonly plan: ClientPlan;
  readonly world: World;
  readonly recorder: Recorder;
  readonly profile: Profile;
  readonly prepared: Prepared;
  /** Ours went wrong, not the client: the case is broken off. */
  readonly fail?: (message: string) => void;
}

/** One client of a case over all its processes: gives it commands, writes down what it answers. */
export class ClientControl {
  readonly name: string;
  readonly #options: ControlOptions;
  #process: ClientProcess | undefined;
  #reader = new ContractReader();
  #disk: FullDisk | undefined;
  #runs = 0;
  #lastId = 0;
  /** True while an end of the process is what the play wants. */
  #mayEnd = false;
  readonly #running: string[] = [];
  #stderr = '';
  readonly #hooks: Hooks;
  /** One hook runs at a time, as a client that is driven hears its commands in their order. */
  #hookTurn: Promise<void> = Promise.resolve();
  #runningHook: string | undefined;
  readonly #failedHooks: string[] = [];

  constructor(options: ControlOptions) {
    this.#options = options;
    this.name = options.plan.name;
    this.#hooks = new Hooks(options.prepared);
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
    return lastLines(this.#stderr, STDERR_LINES);
  }

  start(): void {
    if (this.#process) return;
    const run = ++this.#runs;
    this.#record('start', { run });
    const reader = (this.#reader = new ContractReader());
    this.#mayEnd = false;
    const { world, prepared, profile } = this.#options;
    const isDriven = profile.tier === 'driven';
    const told = new Telling(this.#options);
    const keep = (chunk: Buffer) =>
      (this.#stderr = (this.#stderr + chunk.toString()).slice(-65_536));
    this.#process = world.launch(prepared.launchSpec(run), {
      stdout: (chunk) => {
        told.heard('stdout', chunk);
        if (isDriven) reader.push(chunk).forEach((word) => this.#heard(word));
        else keep(chunk);
      },
      stderr: (chunk) => {
        told.heard('stderr', chunk);
        keep(chunk);
      },
      broke: (why, byMachine) => {
        this.#mayEnd = true;
        if (byMachine === true)
          this.#options.fail?.(
            `${this.name}: ${why}: too many at a time? --workers 1, or raise ulimit -u and -n`,
          );
        this.#record('contract', { why });
      },
      exited: (exit) => {
        told.end();
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
  runProgram(
    clock: Clock,
    { program, duration, originalName, version }: Omit<RunAction, 'kind' | 'client'>,
  ): void {
    this.#running.push(program);
    this.command('start-program', program, {
      ...(originalName !== undefined && { originalName }),
      ...(version !== undefined && { version }),
    });
    // A run ends with its process: the next process may run the same program again.
    const process = this.#runs;
    clock.at(clock.now() + duration, () => {
      if (this.#runs === process) this.stopProgram(program);
    });
  }

  stopProgram(program: string): void {
    const index = this.#running.indexOf(program);
    if (index < 0) return;
    this.#running.splice(index, 1);
    this.command('stop-program', program);
  }

  /** `about`: the program, or the argument of a library's command; `more`: what else a client must know of it. */
  command(name: string, about?: string, more: More = {}): number {
    const id = ++this.#lastId;
    const key = isLibraryCommand(name) ? 'argument' : 'program';
    const subject: Subject = about === undefined ? {} : { [key]: about };
    this.#record('command', { id, name, ...subject, ...clipped(more) });
    if (!this.#process) this.#record('answer', { id, result: 'not-running' });
    else if (this.#options.profile.tier === 'black-box') this.#hook(id, name, subject);
    else {
      this.#reader.commandSent(id);
      this.#process.write(encodeCommand({ id, name, ...subject, ...more }));
    }
    return id;
  }

  /** A black box is not told: a hook of its profile does what the command means. */
  #hook(id: number, name: string, subject: Subject): void {
    const { prepared, world } = this.#options;
    const hook = prepared.hooks.get(name);
    if (!hook) {
      // Without a hook for it, a black box is ended by a signal, as any program of a computer that shuts down.
      if (name !== 'shutdown')
        this.#record('answer', { id, result: 'unsupported', why: `no hook for ${name}` });
      else this.#process!.terminate();
      return;
    }
    const { program = '', argument = '' } = subject;
    const words = hook.map((word) =>
      word.replaceAll('{program}', () => program).replaceAll('{argument}', () => argument),
    );
    this.#hookTurn = this.#inTurn(this.#hookTurn, name, async () => {
      this.#hooked(id, name, await this.#hooks.run(words, subject));
    });
    world.hold(this.#hookTurn);
  }

  /** Who was killed meanwhile was never told; the next process is not to hear it. */
  async #inTurn(turn: Promise<void>, name: string, run: () => Promise<void>): Promise<void> {
    const process = this.#process;
    await turn;
    if (this.#process !== process) return;
    this.#runningHook = name;
    await run();
    this.#runningHook = undefined;
  }

  #hooked(id: number, name: string, { result, why }: HookResult): void {
    const failed = `the hook ${name} ${why}`;
    if (result === 'broken')
      this.#options.fail?.(`${failed}; correct it, under hooks: in the profile`);
    if (result === 'error') this.#failedHooks.push(failed);
    this.#record('answer', {
      id,
      result: result === 'broken' ? 'error' : result,
      ...(why !== undefined && { why: failed }),
    });
  }

  /** What the hooks of a black box said that they could not do. */
  get failedHooks(): readonly string[] {
    return this.#failedHooks;
  }

  /** The case is over: nothing of this client is left. */
  close(): void {
    this.kill();
    this.#hooks.close();
  }

  /**
   * Puts a folder in the place of the file that takes new records, as even root cannot write that; or takes it away; or leaves half
   * a record at its end.
   */
  setDisk(state: 'full' | 'free' | 'torn'): void {
    if (state !== 'torn' && (state === 'full') === (this.#disk !== undefined)) return;
    this.#record('disk', { state });
    this.#disk?.free();
    this.#disk = undefined;
    if (state === 'free') return;
    const { spoolFile } = this.#options.prepared;
    if (spoolFile === undefined)
      this.#record('answer', {
        id: 0,
        result: 'unsupported',
        why: 'disk: no spool in the profile',
      });
    else if (state === 'torn') tearLastLine(spoolFile);
    else this.#disk = new FullDisk(spoolFile);
  }

  setClock(by: Nanos, text: string): void {
    this.#record('clock', { by: text });
    if (this.#process?.setClock) this.#process.setClock(toMs(by));
    else this.#record('answer', { id: 0, result: 'unsupported', why: 'client clock' });
  }

  /** Asks the process to end, and makes sure of it after `graceNs`, which scaled time does not shorten: to end is real work. */
  shutDown(clock: Clock, graceNs: Nanos): void {
    const process = this.#process;
    if (!process) return;
    this.#mayEnd = true;
    for (const id of this.#reader.unanswered)
      this.#record('contract', { why: `it never answered command ${id}` });
    this.command('shutdown');
    process.endInput();
    clock.at(clock.now() + graceNs * BigInt(this.#options.world.divisor), () => {
      if (this.#process !== process) return;
      const before = this.#runningHook === 'shutdown' ? undefined : this.#runningHook;
      const untold =
        before === undefined
          ? this.#failedHooks.find((words) => words.startsWith('the hook shutdown '))
          : `the hook ${before} had not ended`;
      // Who was not told to end has ignored nothing.
      if (untold !== undefined)
        this.#options.fail?.(
          `${untold}, and the client ran on; correct it, under hooks: in the profile`,
        );
      else this.#record('contract', { why: 'it ignored the shutdown and was killed' });
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
    else if (!this.#mayEnd && !(code === 0 && this.#mayFinish))
      this.#record('contract', { why: `it ended by itself (${describe({ code, signal })})` });
    this.#options.world.wake();
  }

  /** A black box that nobody drives may have done all that it does. */
  get #mayFinish(): boolean {
    const { tier, protocol } = this.#options.profile;
    return tier === 'black-box' && protocol === 'opaque';
  }

  /** The work folder has another name in every run; what a client says of it must not make its traces differ. */
  #withoutFolder(
    fields: Readonly<Record<string, FieldValue>>,
  ): Readonly<Record<string, FieldValue>> {
    const { folder } = this.#options.prepared;
    const names = (value: FieldValue) => typeof value === 'string' && value.includes(folder);
    if (!Object.values(fields).some(names)) return fields;
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? value.replaceAll(folder, '{work}') : value,
      ]),
    );
  }

  #record(event: string, fields: Record<string, FieldValue>): void {
    this.#options.recorder.record({ actor: this.name, event, fields: this.#withoutFolder(fields) });
  }
}

/** As a trace shows it: a version of thousands of characters by its beginning. */
function clipped(more: More): More {
  const { version } = more;
  if (version === undefined || version.length <= 64) return more;
  return { ...more, version: `${version.slice(0, 60)}… (${version.length})` };
}

function describe({ code, signal }: Exit): string {
  return signal === null ? `exit status ${code}` : signal;
}
