import type { Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import type { Report } from '../report.ts';
import { Unavailable, type Share } from '../share-client.ts';
import type { Spool } from '../spool.ts';
import { Stopped, type Time } from '../time.ts';
import { retryAfterMs } from './retry-after.ts';

export interface SynchronizationParts {
  readonly configuration: Pick<Configuration, 'attempts' | 'retryDelayMs'>;
  /** In the order of the server list. */
  readonly shares: readonly Share[];
  readonly spool: Pick<Spool, 'seal' | 'logs' | 'read' | 'remove' | 'setAside'>;
  /** Keeps a configuration that was downloaded. */
  readonly keepConfiguration: (content: Buffer) => void;
  readonly time: Time;
  readonly report: Report;
  readonly bugs: Bugs;
}

/** Brings saved usage to any server that takes it, and the configuration back (Q235786). */
export class Synchronization {
  readonly #parts: SynchronizationParts;
  /** Servers that asked to be left alone, and until when (elapsed time). */
  readonly #closedUntilMs = new Map<string, number>();
  /** Start of the last request, elapsed time: so no server is asked again too soon, however long the others took. */
  #lastAskedMs = 0;

  constructor(parts: SynchronizationParts) {
    this.#parts = parts;
  }

  /** What a poll sets off. A trouble of our own, such as a full disk, is reported, and the next poll tries again. */
  async run(): Promise<void> {
    try {
      await this.#attempts();
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.#parts.report.trouble(`the synchronization failed: ${String(error)}`);
    }
  }

  /** Passes over the servers until one succeeds or the attempts are used up. */
  async #attempts(): Promise<void> {
    const { configuration, time, report } = this.#parts;
    const refusedUs = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      if (await this.#pass(refusedUs)) return;
      report.event('synchronization-failed', { attempt, of: configuration.attempts });
      if (attempt === configuration.attempts) return;
      await time.until(this.#lastAskedMs + configuration.retryDelayMs);
    }
  }

  /** True when one server has taken all that waits and has given its configuration. */
  async #pass(refusedUs: Set<string>): Promise<boolean> {
    const { shares, spool, time, report, bugs } = this.#parts;
    spool.seal();
    this.#lastAskedMs = time.elapsedMs();
    for (const share of bugs.has('primary-fixation') ? shares.slice(0, 1) : shares) {
      const { server } = share;
      if (refusedUs.has(server) || time.elapsedMs() < (this.#closedUntilMs.get(server) ?? 0))
        continue;
      try {
        await this.#synchronizeWith(share);
        report.event('synchronized', { server });
        return true;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        report.event('unavailable', { server, why: error.message });
        this.#heed(server, error, refusedUs);
      }
    }
    return false;
  }

  async #synchronizeWith(share: Share): Promise<void> {
    const { spool, keepConfiguration, report, time } = this.#parts;
    const asking = (): Share => {
      this.#lastAskedMs = time.elapsedMs();
      return share;
    };
    await asking().probe();
    for (const log of spool.logs()) {
      const refusal = await asking().upload(log, spool.read(log));
      if (refusal) {
        const path = spool.setAside(log);
        report.trouble(`${share.server} refused ${path}: ${refusal.status} ${refusal.why}`);
        report.event('refused', { server: share.server, log, status: refusal.status });
      } else {
        spool.remove(log);
        report.event('uploaded', { server: share.server, log });
      }
    }
    keepConfiguration(await asking().configuration());
  }

  #heed(server: string, { answer }: Unavailable, refusedUs: Set<string>): void {
    const { time, report } = this.#parts;
    if (!answer) return;
    const waitMs = retryAfterMs(answer.headers, time.wallMs());
    if (waitMs !== undefined) this.#closedUntilMs.set(server, time.elapsedMs() + waitMs);
    // Asking again with the same account would lock it (Q287626): not before the next poll.
    if (answer.status === 401 || answer.status === 403) {
      refusedUs.add(server);
      report.trouble(`${server} refuses our account`);
    }
  }
}
