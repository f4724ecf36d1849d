import { readdirSync, readFileSync } from 'node:fs';
import { metering } from '../../emulators/metering/index.ts';
import { parseCapture } from '../capture/capture-file.ts';
import { readCase } from '../case/load.ts';
import type { Plan } from '../case/plan.ts';
import { resolveClient } from '../client/resolve.ts';
import type { ResolvedClient } from '../client/profile.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Trace, TraceEvent } from '../trace/event.ts';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../trace/vocabulary.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: [metering] };

const FILES = readdirSync('captures')
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => `captures/${name}`);

/** Sessions of runs, whose cases are there. */
export const CORPUS = FILES.filter((file) => !captureIn(file).header.case.startsWith('capture/'));
/** Captures of the wire. */
export const FIELD = FILES.filter((file) => !CORPUS.includes(file));

export function caseOf(id: string): Plan {
  return readCase(`suites/${id}.yaml`, known, id);
}

export function captureIn(file: string): Trace {
  return parseCapture(readFileSync(file, 'utf8'), file, metering);
}

export function clientNamed(spec: string): ResolvedClient {
  return resolveClient(spec, { cwd: process.cwd(), searchPath: process.env['PATH'] ?? '' });
}

const OURS = new Set([...Object.keys(SERVER_EVENTS), ...Object.keys(CLIENT_EVENTS)]);

/** As a capture of the wire has it: nothing of the harness, and another name of the client. */
export function fromTheField({ header, events }: Trace): Trace {
  const { capture: _, ...plain } = header;
  return {
    header: { ...plain, case: 'capture/field', time: 'real', observer: 'capture' },
    events: events.flatMap((event: TraceEvent) =>
      OURS.has(event.event) || event.actor === 'harness'
        ? []
        : { ...event, ...(event.from !== undefined && { from: 'ws7' }) },
    ),
  };
}

export function withoutBytes(event: TraceEvent): TraceEvent {
  const { bytes: _, ...rest } = event;
  return rest;
}

/** As real time would have it: nothing is at the same time as what it comes of. */
export function spread({ header, events }: Trace): Trace {
  const gapNs = 50_000n;
  return {
    header: { ...header, time: 'real', observer: 'node' },
    events: events.map((event, index) => ({ ...event, at: event.at + BigInt(index) * gapNs })),
  };
}
