// A recording on disk from its first line to its last.
import type { StandIns } from '../../emulators/emulator.ts';
import type { Clock } from '../clock/clock.ts';
import type { TraceHeader } from '../trace/event.ts';
import { CaptureWriter, fileSink } from './capture-writer.ts';
import { finishCapture } from './finish.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import { NameTable } from './stand-ins.ts';

export const REDACTIONS = ['accounts', 'workstations', 'bytes'] as const;
export type Redaction = (typeof REDACTIONS)[number];

export interface FileOptions extends Omit<
  RecordingOptions,
  'writer' | 'redactor' | 'onlyLengths' | 'clock'
> {
  readonly path: string;
  readonly clock: Clock;
  /** Without what is known only at the end. */
  readonly header: TraceHeader;
  readonly redact: readonly Redaction[];
}

export class RecordingFile {
  readonly recording: Recording;
  readonly #path: string;
  readonly #header: TraceHeader;

  /** Makes the file. Throws what the system says where it cannot. */
  constructor({ path, header, redact, ...options }: FileOptions) {
    const names: StandIns = new NameTable(redact);
    const isNamed = redact.some((what) => what !== 'bytes');
    const redactors = isNamed ? options.dialect.redactors?.(names) : undefined;
    this.#path = path;
    this.#header = header;
    this.recording = new Recording({
      ...options,
      writer: new CaptureWriter(fileSink(path), header),
      redactor: redactors,
      onlyLengths: redact.includes('bytes'),
      nameOf: (address) =>
        options.nameOf?.(address) ??
        (redact.includes('workstations') ? names.name('workstation', address) : address),
    });
  }

  /** Ends the recording, and puts the names of clients and observers into the file. */
  async finish(observer: string): Promise<void> {
    this.recording.stop();
    if (this.recording.names.isEmpty && observer === this.#header.observer) return;
    await finishCapture(this.#path, { ...this.#header, observer }, this.recording.names);
  }
}
