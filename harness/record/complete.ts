// The capture is made of what a recording has kept: decoded, redacted, its clients called by their names.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Dialect } from '../../emulators/emulator.ts';
import type { Side } from '../capture/decode.ts';
import type { TraceHeader } from '../trace/event.ts';
import { CaptureWriter } from './capture-writer.ts';
import { ClientNames } from './names.ts';
import { putNames } from './put-names.ts';
import { KIND, type Preamble, RAW_SUFFIX } from './raw-format.ts';
import { RawFileError, type RawRecord, readPreamble, readRaw } from './raw-reader.ts';
import { fileSink } from './raw-writer.ts';
import { NameTable } from './stand-ins.ts';
import { Tap } from './tap.ts';

export interface CompleteOptions {
  /** Of the capture; the raw file is beside it. */
  readonly path: string;
  /** What messages call it. */
  readonly shown: string;
  readonly dialect: Dialect;
  /** Who saw the attempts that no listener sees; absent: what was known when the recording began. */
  readonly observer?: string | undefined;
  readonly problem: (text: string) => void;
  /** From 0 to 1. */
  readonly progress?: (share: number) => void;
}

export interface Completed {
  readonly events: number;
  readonly connections: number;
  /** Bytes of both sides that the lines account for. */
  readonly bytes: number;
  /** Addresses behind which several clients are. */
  readonly shared: readonly string[];
}

/**
 * Writes the capture in one step, and removes the raw file unless it is damaged. Rejects with a `RawFileError`, or with what the system says; then
 * the raw file stays as it is.
 */
export async function completeRecording(options: CompleteOptions): Promise<Completed> {
  const { path, shown, progress } = options;
  const raw = path + RAW_SUFFIX;
  if (existsSync(path)) throw new RawFileError(`${shown} exists already`);
  const totalBytes = statSync(raw).size;
  const lines = `${path}.part`;
  const named = `${path}.named`;
  try {
    let isDamaged = false;
    const damaged = (text: string): void => {
      isDamaged = true;
      options.problem(`${text}, and the file is kept`);
    };
    const capture = await writeLines(raw, lines, { ...options, problem: damaged }, (bytes) =>
      progress?.((0.8 * bytes) / totalBytes),
    );
    const linesBytes = statSync(lines).size;
    if (!capture.names.isEmpty) {
      await putNames(lines, named, capture.names, (bytes) =>
        progress?.(0.8 + (0.2 * bytes) / linesBytes),
      );
      renameSync(named, lines);
    }
    renameSync(lines, path);
    if (!isDamaged) rmSync(raw);
    const { connections, names, writer } = capture;
    const { events, accountedBytes: bytes } = writer;
    return { events, connections, bytes, shared: names.shared };
  } finally {
    rmSync(lines, { force: true });
    rmSync(named, { force: true });
  }
}

async function writeLines(
  raw: string,
  to: string,
  { shown, dialect, observer, problem }: CompleteOptions,
  progress: (bytes: number) => void,
): Promise<Capture> {
  const shownRaw = shown + RAW_SUFFIX;
  const preamble = await readPreamble(raw, shownRaw);
  const writer = new CaptureWriter(fileSink(to, 'w'), headerOf(preamble, observer));
  try {
    const capture = new Capture(preamble, dialect, writer);
    for await (const { records, bytesRead } of readRaw(raw, shownRaw, problem)) {
      for (const record of records) capture.take(record);
      progress(bytesRead);
    }
    capture.end();
    return capture;
  } finally {
    writer.close();
  }
}

export function headerOf(preamble: Preamble, observer = preamble.observer): TraceHeader {
  const { client, epoch, origin, redact, dialect } = preamble;
  return {
    ...{ meterproof: 1, case: preamble.case, client, time: 'real', seed: 0, epoch, observer },
    ...(dialect !== 'metering' && { dialect }),
    capture: { origin, redacted: [...redact] },
  };
}

interface Place {
  readonly actor: string;
  readonly face: string;
  readonly from: string;
}

interface Session {
  readonly tap: Tap;
  readonly from: string;
  isNamed: boolean;
  ends: number;
}

/** Takes the records one by one. */
class Capture {
  readonly names = new ClientNames();
  readonly writer: CaptureWriter;
  readonly #preamble: Preamble;
  readonly #decoders;
  readonly #redactor;
  readonly #standIns: NameTable;
  readonly #open = new Map<number, Session>();
  #at = 0n;
  connections = 0;

  constructor(preamble: Preamble, dialect: Dialect, writer: CaptureWriter) {
    const { redact } = preamble;
    const onlyLengths = redact.includes('bytes');
    this.writer = writer;
    this.#preamble = preamble;
    this.#standIns = new NameTable(redact);
    this.#decoders = onlyLengths ? undefined : dialect.decoders?.();
    this.#redactor =
      redact.length > 0 && !onlyLengths ? dialect.redactors?.(this.#standIns) : undefined;
  }

  take({ kind, conn, face, atNs, payload }: RawRecord): void {
    this.#at = BigInt(atNs);
    const session = this.#open.get(conn);
    switch (kind) {
      case KIND.connect:
        return this.#connect(conn, this.#place(face, payload));
      case KIND.refused:
      case KIND.unanswered: {
        const event = kind === KIND.refused ? 'refused' : 'unanswered';
        return this.writer.add({ ...this.#place(face, payload), event, fields: {} }, this.#at);
      }
      case KIND.received:
        return this.#data(conn, 'client', payload);
      case KIND.sent:
        return this.#data(conn, 'server', payload);
      case KIND.receivedLength:
        return session?.tap.missing('client', payload.readUInt32LE());
      case KIND.sentLength:
        return session?.tap.missing('server', payload.readUInt32LE());
      case KIND.clientClose:
      case KIND.serverClose:
        session?.tap.close(kind === KIND.clientClose ? 'client' : 'server');
        if (session && ++session.ends === 2) this.#open.delete(conn);
        return;
      case KIND.clientReset:
      case KIND.serverReset:
        session?.tap.reset(kind === KIND.clientReset ? 'client' : 'server');
        this.#open.delete(conn);
        return;
      default:
        kind satisfies never;
    }
  }

  /** Nothing more comes: what is open was open when the recording ended. */
  end(): void {
    for (const { tap } of this.#open.values()) tap.end();
  }

  #place(face: number, payload: Buffer): Place {
    const { server: actor, face: name } = this.#preamble.faces[face]!;
    const address = payload.toString();
    const from = this.#preamble.isNamed ? address : this.#standIns.name('workstation', address);
    return { actor, face: name, from };
  }

  #connect(conn: number, place: Place): void {
    const tap = new Tap({
      place: { ...place, conn },
      decoder: this.#decoders?.(place.actor, place.face),
      redactor: this.#redactor?.(place.face),
      emit: (event, accounts) => this.writer.add(event, this.#at, accounts),
    });
    this.#open.set(conn, { tap, from: place.from, isNamed: false, ends: 0 });
    this.connections++;
    tap.connect();
  }

  #data(conn: number, side: Side, bytes: Buffer): void {
    const session = this.#open.get(conn);
    if (!session) return;
    session.tap.data(side, bytes);
    const { identity } = session.tap;
    if (session.isNamed || identity === undefined) return;
    session.isNamed = true;
    this.names.told(conn, session.from, identity);
  }
}
