// A dialect of the user's runs inside our process: what it throws, at whatever moment, costs a case its verdict and nothing else.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import type { Connection, Emulator, Host, Note, UsageNote } from '../../emulators/emulator.ts';
import { suggest } from '../case/nearest.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';

const running = new AsyncLocalStorage<Guard>();

export class Guard {
  readonly #module: string;
  readonly #fail: (message: string) => void;

  /** `module`: the path of the dialect, as the user named it; `fail` breaks the case off. */
  constructor(module: string, fail: (message: string) => void) {
    this.#module = module;
    this.#fail = fail;
    catchTheRest();
  }

  /** Runs code of the module; undefined where it has thrown. */
  call<T>(action: () => T): T | undefined {
    try {
      return running.run(this, action);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  failed(error: unknown): void {
    this.#fail(`the dialect ${this.#module} has thrown: ${described(error)}`);
  }

  /** An emulator whose every call, and every call that it asks for, is guarded. */
  emulator(create: (host: Host) => Emulator, host: Host): Emulator {
    const emulator = this.call(() =>
      create({
        ...host,
        after: (delayMs, action) => host.after(delayMs, () => this.call(action)),
        note: (face, client, note) => {
          if (this.#check(note)) host.note(face, client, note);
        },
      }),
    );
    return {
      accept: (face, connection) => {
        this.#guardListeners(connection.stream);
        this.call(() => emulator?.accept(face, this.#checked(connection)));
      },
      command: (command) => this.call(() => emulator?.command?.(command)),
      close: () => this.call(() => emulator?.close()),
    };
  }

  #checked(connection: Connection): Connection {
    const { stream, client } = connection;
    return {
      stream,
      client,
      request: () => connection.request(),
      note: (note) => {
        if (this.#check(note)) connection.note(note);
      },
    };
  }

  /**
   * A word that no case can expect, or a record that no rule can know, would be taken for something that the client did or did
   * not do. False: it cannot even be noted.
   */
  #check({ event, usage }: Note): boolean {
    if (!Object.hasOwn(SEMANTIC_EVENTS, event)) {
      const right = suggest(event, Object.keys(SEMANTIC_EVENTS), 'events');
      this.#fail(
        `the dialect ${this.#module} has noted "${event}", which is no event of a server: ${right}`,
      );
    }
    const wrong = usage === undefined ? undefined : wrongUsage(usage);
    if (wrong === undefined) return true;
    this.#fail(
      `the dialect ${this.#module} has noted "${event}" with usage that is no list of { record, program, startMs, stopMs }: ${wrong}`,
    );
    return false;
  }

  /** Handlers of a stream are called when bytes come, by whoever brings them. */
  #guardListeners(stream: Duplex): void {
    const emit = stream.emit.bind(stream);
    stream.emit = (event: string, ...values: unknown[]): boolean =>
      this.call(() => emit(event, ...values)) ?? false;
  }
}

/** What is wrong with the usage that a module has noted, whose types nobody has checked; undefined: nothing. */
function wrongUsage(usage: unknown): string | undefined {
  if (!Array.isArray(usage)) return 'it is no list';
  for (const [index, one] of usage.entries()) {
    const note: Readonly<Record<string, unknown>> = Object(one);
    for (const [key, type] of Object.entries(USAGE))
      if (typeof note[key] !== type || Number.isNaN(note[key]))
        return `${key} of its item ${index + 1} is no ${type}`;
  }
  return undefined;
}

const USAGE: Readonly<Record<keyof UsageNote, 'string' | 'number'>> = {
  record: 'string',
  program: 'string',
  startMs: 'number',
  stopMs: 'number',
};

let isCatching = false;

/** Promises that nobody awaits, async handlers among them, and timers of the module's own. */
function catchTheRest(): void {
  if (isCatching) return;
  isCatching = true;
  const caught = (error: unknown): void => {
    const guard = running.getStore();
    if (guard) return guard.failed(error);
    // Not the module's: what would have happened without us.
    if (process.listenerCount('uncaughtException') > 1) return;
    process.off('uncaughtException', caught);
    throw error;
  };
  process.on('uncaughtException', caught);
}

/** With the place where it was thrown: the first line of the stack. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  const told = place === undefined ? '' : ` (${placeOf(place.trim())})`;
  return `${error.name}: ${error.message}${told}`;
}

/** A module that was turned into CommonJS to be loaded has its whole text in the name of its place, and the file it came from last. */
function placeOf(place: string): string {
  return place.replace(
    /data:text\/javascript,.*\?filePath=([^:&)]+)(?::\d+:\d+)?/,
    (_, path: string) => decodeURIComponent(path).replace(/\?.*/, ''),
  );
}
