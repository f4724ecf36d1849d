import type { Nanos } from '../../clock/clock.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** One run of a program, as the commands tell it. */
export interface Run {
  readonly client: string;
  readonly program: string;
  /** What the program says of itself, where it was renamed. */
  readonly originalName?: string;
  /** From 1, for each client and program. */
  readonly run: number;
  readonly startAt: Nanos;
  readonly stopAt?: Nanos;
  /** When it was granted, where it had been denied first: its usage begins there. */
  readonly meteredFrom?: Nanos;
  /** When the client said `ok` to the stop: from then on the record is owed. */
  readonly owedAt?: Nanos;
  /** A server denied it, or it is forbidden to all: there is no record. */
  readonly denied: boolean;
}

/** All runs of a client in the order of their starts. A start that was answered with anything but `ok` was none. */
export function runsOf(
  events: readonly TraceEvent[],
  isOf: (event: TraceEvent) => boolean,
  client: string,
  forbidden: readonly string[],
): readonly Run[] {
  const runs: { -readonly [key in keyof Run]: Run[key] }[] = [];
  const open: typeof runs = [];
  const counts = new Map<string, number>();
  const banned = new Set(forbidden.map((name) => name.toLowerCase()));
  const asked = new Map<unknown, { name: unknown; run: (typeof runs)[number] }>();
  const refused = new Set<(typeof runs)[number]>();
  for (const event of events) {
    const { at, fields } = event;
    if (event.event === 'lease-deny' && isOf(event)) {
      const denied = open.findLast(({ program }) => program === String(fields['program']));
      if (denied) denied.denied = true;
    }
    // Called back: it is metered from then on. A later run that was not denied has asked for itself.
    if (event.event === 'lease-grant' && isOf(event)) {
      const same = open.filter(({ program }) => program === String(fields['program']));
      const granted = same.find(({ denied }) => denied);
      if (granted && same.every(({ denied }) => denied)) {
        granted.denied = false;
        granted.meteredFrom = at;
      }
    }
    if (event.actor !== client) continue;
    if (event.event === 'kill' || event.event === 'exit') {
      asked.clear();
      // A run that goes on at a kill ends with it: the next stop is of a later run.
      open.length = 0;
    }
    if (event.event === 'command') {
      const program = String(fields['program']);
      if (fields['name'] === 'start-program') {
        const run = (counts.get(program) ?? 0) + 1;
        counts.set(program, run);
        const originalName = fields['originalName'];
        const names = [program, ...(originalName === undefined ? [] : [String(originalName)])];
        const denied = names.some((name) => banned.has(name.toLowerCase()));
        runs.push({
          client,
          program,
          ...(originalName !== undefined && { originalName: String(originalName) }),
          run,
          startAt: at,
          denied,
        });
        open.push(runs.at(-1)!);
        asked.set(fields['id'], { name: 'start-program', run: runs.at(-1)! });
      } else if (fields['name'] === 'stop-program') {
        // Of several runs of one program the oldest ends.
        const index = open.findIndex((run) => run.program === program);
        const [run] = index < 0 ? [] : open.splice(index, 1);
        if (!run) continue;
        run.stopAt = at;
        asked.set(fields['id'], { name: 'stop-program', run });
      }
    } else if (event.event === 'answer') {
      const question = asked.get(fields['id']);
      asked.delete(fields['id']);
      if (!question) continue;
      if (fields['result'] === 'ok') {
        if (question.name === 'stop-program') question.run.owedAt = at;
      } else if (question.name === 'start-program') refused.add(question.run);
    }
  }
  return runs.filter((run) => !refused.has(run));
}
