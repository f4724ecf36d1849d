// The parts of Node that virtual time leans on. They are internal, so each is looked up in one place and checked at the start.
import { createRequire } from 'node:module';

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
  useUserBuffer(buffer: Uint8Array): void;
  emitEOF(): void;
  finishWrite(request: object, status: number): void;
  finishShutdown(request: object, status: number): void;
  onread: unknown;
  [owner: symbol]: unknown;
}

/** A handle of libuv that keeps its loop alive unless it is unref'd. */
export interface LoopHandle {
  ref(): void;
  unref(): void;
  hasRef(): boolean;
}

export interface PipeHandle extends LoopHandle {
  readonly fd: number;
  connect(request: object, path: string): number;
  setBlocking(blocking: boolean): number;
}

export interface PipeBinding {
  readonly Pipe: new (kind: number) => PipeHandle;
  readonly PipeConnectWrap: new () => { oncomplete?: () => void };
  readonly constants: Readonly<Record<string, number>>;
}

interface SignalHandle extends LoopHandle {
  onsignal: () => void;
  start(signal: number): number;
}

/** What `child_process` hands to the part of Node that starts a process. */
export interface SpawnOptions {
  file: string;
  args?: string[];
  envPairs?: string[];
}

type AnyFunction = (...args: never[]) => unknown;
/** Functions of a binding that Node looks up at each call, so that they can be replaced. */
export type Functions = Record<string, AnyFunction>;

export interface Internals {
  readonly timers: TimersBinding;
  readonly aliveTimers: Int32Array;
  readonly JSStream: new () => StreamHandle;
  readonly uv: Readonly<Record<string, number>>;
  readonly pipe: PipeBinding;
  readonly Signal: new () => SignalHandle;
  readonly fs: Functions;
  readonly spawnSync: { spawn(options: SpawnOptions): unknown };
  readonly ChildProcess: { prototype: { spawn(options: SpawnOptions): number } };
  readonly channelHandle: symbol;
  /** The list of timers that is due first. */
  readonly nextTimerList: () => { readonly expiry: number } | undefined;
  readonly processTimers: (nowMs: number) => void;
  readonly runTicks: () => void;
  readonly onStreamRead: unknown;
  /** Where a socket keeps the buffer that it is to read into, or the function that makes one (`onread` of `net.connect`). */
  readonly buffer: symbol;
  readonly bufferMaker: symbol;
  readonly ownerSymbol: symbol;
  readonly connectError: (status: number, address: string, port: number) => Error;
  readonly readError: (status: number) => Error;
  readonly normalizeConnectArgs: (
    args: unknown[],
  ) => [options: Record<string, unknown>, callback?: () => void];
}

type ErrorClass = new (...args: unknown[]) => Error;

interface InternalModules {
  'internal/timers': {
    timerListQueue?: { peek(): { expiry: number } | undefined };
    getTimerCallbacks?(runTicks: () => void): { processTimers(now: number): void };
  };
  'internal/errors': Record<string, ErrorClass>;
  'internal/stream_base_commons': {
    onStreamRead?: unknown;
    kBuffer?: symbol;
    kBufferGen?: symbol;
  };
  'internal/http': { utcDate?: () => string };
  'internal/async_hooks': { symbols?: { owner_symbol?: symbol } };
  'internal/child_process': {
    ChildProcess?: Internals['ChildProcess'];
    kChannelHandle?: symbol;
  };
}

/** What reads one connection of `http`: a part of a message, or nothing, is `incoming`. */
export interface HttpParser {
  readonly incoming: object | null;
}

/** What servers lean on beside. */
export interface ServerInternals {
  /** Node's own last step of `listen`, which binds unless the server has a handle. */
  readonly setUpListening: (...args: unknown[]) => void;
  /** True in a worker of a cluster, which shares a port with others. */
  readonly isClusterWorker: () => boolean;
  /** `http` takes the function over when it is loaded. */
  readonly dates: { utcDate?: () => string };
  readonly parsers: { initialize(this: HttpParser, ...args: unknown[]): unknown };
  /** Key of the function that a parser calls at the first byte of a message. */
  readonly onMessageBegin: string;
  readonly connections: {
    active(): readonly HttpParser[];
    expired(headersMs: number, requestMs: number): readonly HttpParser[];
  };
}

interface Bindings {
  timers: TimersBinding;
  js_stream: { JSStream?: new () => StreamHandle };
  uv: Record<string, number>;
  pipe_wrap: Partial<PipeBinding>;
  signal_wrap: { Signal?: new () => SignalHandle };
  fs: Functions;
  spawn_sync: { spawn?(options: SpawnOptions): unknown };
  http_parser: {
    HTTPParser?: { prototype: ServerInternals['parsers']; kOnMessageBegin?: number };
    ConnectionsList?: { prototype: ServerInternals['connections'] };
  };
}

export class MissingInternal extends Error {}

/** True where the process was started with `--expose-internals`. */
export function areExposed(): boolean {
  try {
    return quietly(() => Boolean(createRequire(import.meta.url)('internal/test/binding')));
  } catch {
    return false;
  }
}

/** Throws a `MissingInternal` that names what is missing: another Node may have moved it. */
export function loadInternals(): Internals {
  const { require, binding, load } = lookUps();
  const timers = binding('timers');
  for (const name of ['getLibuvNow', 'scheduleTimer', 'toggleTimerRef'] as const)
    needed(`timers.${name}`, timers[name]);
  const itimers = load('internal/timers');
  const queue = needed('timerListQueue', itimers.timerListQueue);
  const runTicks = needed('process._tickCallback', process._tickCallback?.bind(process));
  const errors = load('internal/errors');
  // What Node itself makes of a failed connect: the message must read as it does without us.
  const ConnectError = needed(
    'ExceptionWithHostPort',
    errors['ExceptionWithHostPort'] ?? errors['UVExceptionWithHostPort'],
  );
  const ReadError = needed('ErrnoException', errors['ErrnoException']);
  const pipe = binding('pipe_wrap');
  const spawnSync = binding('spawn_sync');
  needed('spawn_sync.spawn', spawnSync.spawn);
  const children = load('internal/child_process');
  const streams = load('internal/stream_base_commons');
  const net = require('node:net') as { _normalizeArgs?: Internals['normalizeConnectArgs'] };
  return {
    timers,
    aliveTimers: needed('timers.timeoutInfo', timers.timeoutInfo ?? timers.timerInfo),
    JSStream: needed('JSStream', binding('js_stream').JSStream),
    uv: binding('uv'),
    pipe: {
      Pipe: needed('Pipe', pipe.Pipe),
      PipeConnectWrap: needed('PipeConnectWrap', pipe.PipeConnectWrap),
      constants: needed('pipe_wrap.constants', pipe.constants),
    },
    Signal: needed('Signal', binding('signal_wrap').Signal),
    fs: binding('fs'),
    spawnSync: spawnSync as Internals['spawnSync'],
    ChildProcess: needed('ChildProcess', children.ChildProcess),
    channelHandle: needed('kChannelHandle', children.kChannelHandle),
    nextTimerList: () => queue.peek(),
    processTimers: needed('getTimerCallbacks', itimers.getTimerCallbacks)(runTicks).processTimers,
    runTicks,
    onStreamRead: needed('onStreamRead', streams.onStreamRead),
    buffer: needed('kBuffer', streams.kBuffer),
    bufferMaker: needed('kBufferGen', streams.kBufferGen),
    ownerSymbol: needed('owner_symbol', load('internal/async_hooks').symbols?.owner_symbol),
    connectError: (status, address, port) => new ConnectError(status, 'connect', address, port),
    readError: (status) => new ReadError(status, 'read'),
    normalizeConnectArgs: needed('net._normalizeArgs', net._normalizeArgs),
  };
}

/** True when it is too late to give `http` another clock. */
export function isHttpLoaded(): boolean {
  return process.moduleLoadList.includes('NativeModule _http_outgoing');
}

/** Throws a `MissingInternal` too. */
export function loadServerInternals(): ServerInternals {
  const { require, binding, load } = lookUps();
  const { Server } = require('node:net') as {
    Server: { prototype: { _listen2?: ServerInternals['setUpListening'] } };
  };
  const { HTTPParser, ConnectionsList } = binding('http_parser');
  const parsers = needed('HTTPParser', HTTPParser?.prototype);
  needed('HTTPParser.initialize', parsers.initialize);
  const dates = load('internal/http');
  needed('internal/http.utcDate', dates.utcDate);
  const connections = needed('ConnectionsList', ConnectionsList?.prototype);
  for (const name of ['active', 'expired'] as const)
    needed(`ConnectionsList.${name}`, connections[name]);
  return {
    setUpListening: needed('net.Server._listen2', Server.prototype._listen2),
    isClusterWorker: () => (require('node:cluster') as { isWorker: boolean }).isWorker,
    dates,
    parsers,
    onMessageBegin: String(needed('HTTPParser.kOnMessageBegin', HTTPParser?.kOnMessageBegin)),
    connections,
  };
}

function lookUps() {
  const require = createRequire(import.meta.url);
  const { internalBinding } = quietly(
    () =>
      require('internal/test/binding') as {
        internalBinding<Name extends keyof Bindings>(name: Name): Bindings[Name];
      },
  );
  return {
    require,
    binding: <Name extends keyof Bindings>(name: Name): Bindings[Name] =>
      found(`the binding ${name}`, () => internalBinding(name)),
    load: <Name extends keyof InternalModules>(name: Name): InternalModules[Name] =>
      found(name, () => quietly(() => require(name) as InternalModules[Name])),
  };
}

function found<T>(name: string, look: () => T): T {
  try {
    return look();
  } catch {
    return needed<T>(name, undefined);
  }
}

function needed<T>(name: string, value: T | undefined): T {
  if (value === undefined)
    throw new MissingInternal(`Node ${process.version} has no internal "${name}"`);
  return value;
}

/** Node warns of every use of its test binding: noise for the client's stderr. */
export function quietly<T>(action: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}

declare global {
  namespace NodeJS {
    interface Process {
      readonly moduleLoadList: readonly string[];
      _tickCallback?(): void;
    }
  }
}
