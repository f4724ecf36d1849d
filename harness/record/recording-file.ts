// A recording on disk: raw while it runs, a capture at the end.
import { statSync } from 'node:fs';
import { type Completed, completeRecording, type CompleteOptions } from './complete.ts';
import { type Preamble, RAW_SUFFIX } from './raw-format.ts';
import { fileSink, RawWriter } from './raw-writer.ts';
import { Recording, type RecordingOptions } from './recording.ts';

export interface FileOptions extends Omit<RecordingOptions, 'writer' | 'onlyLengths'> {
  /** Of the capture. */
  readonly path: string;
  readonly preamble: Preamble;
}

export class RecordingFile {
  readonly recording: Recording;
  readonly #path: string;
  readonly #flush = (): void => this.recording.flush();

  /** Makes the raw file. Throws what the system says where it cannot. */
  constructor({ path, preamble, ...options }: FileOptions) {
    this.#path = path;
    const raw = path + RAW_SUFFIX;
    const isPipe = statSync(raw, { throwIfNoEntry: false })?.isFIFO() === true;
    this.recording = new Recording({
      ...options,
      writer: new RawWriter(fileSink(raw, isPipe ? 'w' : 'wx'), preamble),
      onlyLengths: preamble.redact.includes('bytes'),
    });
    process.on('exit', this.#flush);
  }

  /** Ends the recording; what was kept is whole. Throws what the disk says. */
  stop(): void {
    process.removeListener('exit', this.#flush);
    this.recording.stop();
  }

  /** Makes the capture of it. Rejects as `completeRecording` does. */
  complete(options: Omit<CompleteOptions, 'path'>): Promise<Completed> {
    return completeRecording({ ...options, path: this.#path });
  }
}
