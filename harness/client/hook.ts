import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { pipesOf, signalGroup, spawnGroup, sweep } from './group.ts';
import { lastLines } from './last-lines.ts';

/** Real time that a hook may take. */
const HOOK_TIMEOUT_MS = 30_000;
/** As for a client that cannot even start. */
const UNSUPPORTED_STATUS = 89;
/** Of what a hook writes to stderr; its last line is shown. */
const MAX_WORDS = 4_000;
const MAX_LINE = 300;

export interface HookResult {
  /** `broken`: nothing can be known of what it was to do. It did not start, or did not end. */
  readonly result: 'ok' | 'unsupported' | 'error' | 'broken';
  readonly why?: string;
}

/** The hooks of one black box, and whatever they start: gone with the case, however they ended. */
export class Hooks {
  readonly #place: { readonly env: Readonly<Record<string, string>>; readonly folder: string };
  readonly #timeoutMs: number;
  readonly #mark = randomUUID();
  /** By process group, until the case is over. */
  readonly #children = new Map<number, { child: ChildProcess; pipes: ReadonlySet<string> }>();

  constructor(
    place: { readonly env: Readonly<Record<string, string>>; readonly folder: string },
    timeoutMs = HOOK_TIMEOUT_MS,
  ) {
    this.#place = place;
    this.#timeoutMs = timeoutMs;
  }

  /** Runs one hook to its end. `subject`: the program, or the argument, that a command is about. */
  run(
    words: readonly string[],
    subject: { readonly program?: string; readonly argument?: string } = {},
  ): Promise<HookResult> {
    const { env, folder } = this.#place;
    const { program, argument } = subject;
    const own = {
      ...env,
      ...(program !== undefined && { METERPROOF_PROGRAM: program }),
      ...(argument !== undefined && { METERPROOF_ARGUMENT: argument }),
    };
    return new Promise((resolve) => {
      const stdio = ['ignore', 'ignore', 'pipe'] as const;
      const child = spawnGroup(words, { env: own, folder }, this.#mark, [...stdio]);
      const { pid } = child;
      if (pid !== undefined) this.#children.set(pid, { child, pipes: pipesOf(pid) });
      let said = '';
      child.stderr!.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-MAX_WORDS);
      });
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      }, this.#timeoutMs);
      const end = (result: HookResult['result'], why?: string) => {
        clearTimeout(timer);
        const [line] = lastLines(said, 1);
        const last = line === undefined ? '' : `: ${line.trim().slice(0, MAX_LINE)}`;
        resolve({ result, ...(why !== undefined && { why: `${why}${last}` }) });
      };
      child.on('error', (error) => end('broken', `could not be started: ${error.message}`));
      child.on('exit', (code, signal) => {
        if (code === 0) end('ok');
        else if (code === UNSUPPORTED_STATUS) end('unsupported');
        else if (isLate) end('broken', `had not ended after ${this.#timeoutMs / 1000} s`);
        else end('error', signal ? `was ended by ${signal}` : `ended with status ${code}`);
      });
    });
  }

  /** Ends what hooks have left behind. */
  close(): void {
    for (const [leader, { child, pipes }] of this.#children) {
      sweep(leader, this.#mark, pipes);
      // Who holds the other end would keep us alive.
      child.stderr?.destroy();
    }
    this.#children.clear();
  }
}
