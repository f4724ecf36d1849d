// The parts of Node that virtual time leans on. They are internal, so each is looked up in one place and checked at the start.
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';

interface TimersBinding {
  getLibuvNow(): number;
  scheduleTimer(ms: number): void;
  toggleTimerRef(ref: boolean): void;
  /** Element 0 counts the timers that keep the process alive. Named `timerInfo` before Node 22. */
  timeoutInfo?: Int32Array;
  timerInfo?: Int32Array;
}

export interface StreamHandle {
  readBuffer(bytes: Buffer): void;
  emitEOF(): void;
  finishWrite(request: object, status: number): void;
  finishShutdown(request: object, status: number): void;
  onread: unknown;
  [owner: symbol]: unknown;
}

export interface Internals {
  readonly timers: TimersBinding;
  readonly aliveTimers: Int32Array;
  readonly JSStream: new () => StreamHandle;
  readonly uv: Readonly<Record<string, number>>;
  /** The list of timers that is due first. */
  readonly nextTimerList: () => { readonly expiry: number } | undefined;
  readonly processTimers: (nowMs: number) => void;
  readonly runTicks: () => void;
  readonly onStreamRead: unknown;
  readonly ownerSymbol: symbol;
  readonly connectError: (status: number, address: string, port: number) => Error;
  readonly readError: (status: number) => Error;
  readonly normalizeConnectArgs: (
    args: unknown[],
  ) => [options: Record<string, unknown>, callback?: () => void];
}

type ErrorClass = new (...args: unknown[]) => Error;

/** Throws an error that names what is missing: another Node may have moved it. */
export function loadInternals(): Internals {
  const require = createRequire(import.meta.url);
  const load = <T>(name: string) => quietly(() => require(name) as T);
  const { internalBinding } = load<{ internalBinding(name: string): never }>(
    'internal/test/binding',
  );
  const timers: TimersBinding = internalBinding('timers');
  const itimers = load<{
    timerListQueue: { peek(): { expiry: number } | undefined };
    getTimerCallbacks(runTicks: () => void): { processTimers(now: number): void };
  }>('internal/timers');
  const errors = load<Record<string, ErrorClass>>('internal/errors');
  const runTicks = (process as unknown as { _tickCallback(): void })._tickCallback;
  const net = require('node:net') as {
    _normalizeArgs(args: unknown[]): [Record<string, unknown>, (() => void)?];
  };
  // What Node itself makes of a failed connect: the message must read as it does without us.
  const connectErrorClass = errors['ExceptionWithHostPort'] ?? errors['UVExceptionWithHostPort'];
  const readErrorClass = errors['ErrnoException'];
  const internals: Internals = {
    timers,
    aliveTimers: needed('timeoutInfo', timers.timeoutInfo ?? timers.timerInfo),
    JSStream: needed(
      'JSStream',
      (internalBinding('js_stream') as { JSStream: new () => StreamHandle }).JSStream,
    ),
    uv: internalBinding('uv'),
    nextTimerList: () => itimers.timerListQueue.peek(),
    processTimers: itimers.getTimerCallbacks(runTicks).processTimers,
    runTicks: needed('_tickCallback', runTicks),
    onStreamRead: needed(
      'onStreamRead',
      load<{ onStreamRead: unknown }>('internal/stream_base_commons').onStreamRead,
    ),
    ownerSymbol: needed(
      'owner_symbol',
      load<{ symbols: { owner_symbol: symbol } }>('internal/async_hooks').symbols.owner_symbol,
    ),
    connectError: (status, address, port) =>
      new (needed('ExceptionWithHostPort', connectErrorClass))(status, 'connect', address, port),
    readError: (status) => new (needed('ErrnoException', readErrorClass))(status, 'read'),
    normalizeConnectArgs: net._normalizeArgs,
  };
  needed('ExceptionWithHostPort', connectErrorClass);
  needed('ErrnoException', readErrorClass);
  for (const name of ['getLibuvNow', 'scheduleTimer', 'toggleTimerRef'] as const)
    needed(name, timers[name]);
  return internals;
}

function needed<T>(name: string, value: T | undefined): T {
  if (value === undefined)
    throw new Error(
      `Node ${process.version} has no internal "${name}" where virtual time needs it`,
    );
  return value;
}

/** Node warns of every use of its test binding: noise for the client's stderr. */
function quietly<T>(action: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}

export type SocketHandle = StreamHandle & { readonly stream?: Duplex };
