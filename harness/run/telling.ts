import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SECOND, type Nanos } from '../clock/clock.ts';
import { Annotator, type Told } from '../client/annotate.ts';
import { HarnessError } from '../client/process.ts';
import { expandTemplate } from '../client/template.ts';
import type { ControlOptions } from './client-control.ts';

/** How often a log file is looked at, in case time: so exact are the times of what it tells. */
const LOOK_EVERY: Nanos = SECOND;
const MAX_READ = 1024 * 1024;

interface LogFile {
  readonly from: string;
  readonly path: string;
  offset: number;
}

/** What one process tells of itself in its output and its logs, as events of the servers that it names. */
export class Telling {
  readonly #options: ControlOptions;
  readonly #annotators = new Map<string, Annotator>();
  readonly #files: LogFile[] = [];
  readonly #serverAt: ReadonlyMap<string, { server: string; face: string }>;
  #isOver = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    const { profile, prepared } = options;
    const { templates } = prepared.configuration;
    this.#serverAt = new Map(
      [...templates].flatMap(([name, value]) => {
        const [word, server, face] = name.split('.');
        if (word !== 'server' || server === undefined || face === undefined) return [];
        return name.endsWith('.port')
          ? []
          : [
              [value, { server, face }],
              [server, { server, face }],
            ];
      }),
    );
    for (const from of new Set(profile.annotations.map((annotation) => annotation.from))) {
      this.#annotators.set(from, new Annotator(from, profile.annotations));
      if (from === 'stdout' || from === 'stderr') continue;
      const path = resolve(prepared.folder, expandTemplate(from, templates));
      // What an earlier process wrote has been told.
      this.#files.push({
        from,
        path,
        offset: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
      });
    }
    if (this.#files.length > 0) this.#lookLater();
  }

  heard(from: string, chunk: Buffer): void {
    this.#tell(() => this.#annotators.get(from)?.push(chunk) ?? []);
  }

  end(): void {
    this.#isOver = true;
    for (const file of this.#files) this.#look(file);
    for (const annotator of this.#annotators.values()) this.#tell(() => annotator.end());
  }

  #lookLater(): void {
    const { clock } = this.#options.world;
    clock.at(clock.now() + LOOK_EVERY, () => {
      if (this.#isOver) return;
      for (const file of this.#files) this.#look(file);
      this.#lookLater();
    });
  }

  #look(file: LogFile): void {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(file.path, 'r');
      // A log that was begun anew is read from its beginning.
      if (fstatSync(descriptor).size < file.offset) file.offset = 0;
      const chunk = Buffer.alloc(MAX_READ);
      const length = readSync(descriptor, chunk, 0, MAX_READ, file.offset);
      file.offset += length;
      this.heard(file.from, chunk.subarray(0, length));
    } catch {
      // It is not there yet.
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  #tell(read: () => readonly Told[]): void {
    const { recorder, plan, fail } = this.#options;
    try {
      for (const { server, event, fields } of read()) {
        const where = this.#serverAt.get(server ?? '');
        if (where)
          recorder.record({
            actor: where.server,
            face: where.face,
            from: plan.name,
            event,
            fields,
          });
        // A server that the case does not have: the client's word, and no more.
        else
          recorder.record({
            actor: plan.name,
            event: 'said',
            fields: { event, ...(server !== undefined && { server }), ...fields },
          });
      }
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      fail?.(error.message);
    }
  }
}
