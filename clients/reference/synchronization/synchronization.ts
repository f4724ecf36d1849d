import type { Bugs } from '../bugs.ts';
import type { Configuration } from '../configuration.ts';
import type { Report } from '../report.ts';
import { settle } from '../settle.ts';
import { Unavailable, type Share } from '../share-client.ts';
import { type Spool, withNewIds } from '../spool.ts';
import { spread, Stopped, type Time } from '../time.ts';
import { retryAfterMs } from './retry-after.ts';

export interface SynchronizationParts {
  readonly configuration: Pick<Configuration, 'attempts' | 'retryDelayMs' | 'retryJitter'>;
  /** In the order of the server list. */
  readonly shares: readonly Share[];
  readonly spool: Pick<Spool, 'seal' | 'logs' | 'read' | 'remove' | 'replace' | 'setAside'>;
  /** Keeps a configuration that was downloaded. */
  readonly keepConfiguration: (content: Buffer) => void;
  readonly time: Time;
  readonly report: Report;
  readonly bugs: Bugs;
}

/** The pace of the bugs that keep none. */
const STORM_MS = 2000;
/** How long the bug one-server-only knows its first server alone. */
const CONFIGURATION_CYCLE_MS = 23 * 3_600_000;

/** Brings saved usage to any server that takes it, and the configuration back (Q235786). */
export class Synchronization {
  readonly #parts: SynchronizationParts;
  /** Servers that asked to be left alone, and until when (elapsed time). */
  readonly #closedUntilMs = new Map<string, number>();
  /** Acknowledged in this pass; only a bug sends them again. */
  readonly #sent = new Map<string, Buffer>();
  /** Start of the last request, elapsed time: so no server is asked again too soon, however long the others took. */
  #lastAskedMs = 0;
  /** What bugs remember of the synchronizations before. */
  #isRunning = false;
  #hasFailed = false;
  #workedLast: Share | undefined;

  constructor(parts: SynchronizationParts) {
    this.#parts = parts;
  }

  /** What a poll sets off. A trouble of our own, such as a full disk, is reported, and the next poll tries again. */
  async run(): Promise<void> {
    this.#isRunning = true;
    try {
      await this.#attempts();
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.#parts.report.trouble(`the synchronization failed: ${String(error)}`);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Whether a bug keeps what ends now from being metered. */
  get losesUsage(): boolean {
    const { bugs } = this.#parts;
    return (
      (bugs.has('sync-gap') && this.#isRunning) ||
      (bugs.has('unmetered-while-down') && this.#hasFailed)
    );
  }

  /** Passes over the servers until one succeeds or the attempts are used up. */
  async #attempts(): Promise<void> {
    const { configuration, time, report, bugs } = this.#parts;
    const refusedUs = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      if (await this.#pass(refusedUs)) {
        this.#hasFailed = false;
        return;
      }
      report.event('synchronization-failed', { attempt, of: configuration.attempts });
      this.#hasFailed = true;
      if (bugs.has('storm-when-all-down')) {
        await time.until(time.elapsedMs() + STORM_MS);
        continue;
      }
      if (attempt === configuration.attempts) return;
      const { retryDelayMs, retryJitter } = configuration;
      const jitter = bugs.has('comes-back-with-the-fleet') ? 0 : retryJitter;
      await time.until(this.#lastAskedMs + spread(retryDelayMs, jitter));
    }
  }

  /** True when one server has taken all that waits and has given its configuration. */
  async #pass(refusedUs: Set<string>): Promise<boolean> {
    const { spool, time, report, bugs } = this.#parts;
    let hasFailedOver = false;
    spool.seal();
    this.#sent.clear();
    this.#lastAskedMs = time.elapsedMs();
    for (const share of this.#sharesToTry()) {
      const { server } = share;
      const nowMs = bugs.has('peace-by-the-clock') ? time.wallMs() : time.elapsedMs();
      if (refusedUs.has(server) || nowMs < (this.#closedUntilMs.get(server) ?? 0)) continue;
      try {
        await this.#synchronizeWith(share, hasFailedOver);
        this.#workedLast = share;
        report.event('synchronized', { server });
        return true;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        if (bugs.has('unavailable-ends-the-pass') && error.answer?.status === 503) return false;
        if (bugs.has('refused-account-ends-the-pass') && error.answer?.status === 401) return false;
        hasFailedOver = true;
        report.event('unavailable', { server, why: error.message });
        this.#heed(server, error, refusedUs);
      }
    }
    return false;
  }

  #sharesToTry(): readonly Share[] {
    const { shares, time, bugs } = this.#parts;
    const [first, ...others] = shares;
    if (!first) return [];
    const knowsOne = bugs.has('one-server-only') && time.elapsedMs() < CONFIGURATION_CYCLE_MS;
    if (bugs.has('primary-fixation') || knowsOne) return [first];
    if (bugs.has('reverse-order')) return [first, ...others.toReversed()];
    if (bugs.has('secondary-only') && this.#hasFailed && others.length > 0) return others;
    const kept = bugs.has('share-kept') ? this.#workedLast : undefined;
    return kept ? [kept, ...shares.filter((share) => share !== kept)] : shares;
  }

  async #synchronizeWith(share: Share, hasFailedOver: boolean): Promise<void> {
    const { spool, keepConfiguration, report, time, bugs } = this.#parts;
    const done: string[] = [];
    const asking = (): Share => {
      this.#lastAskedMs = time.elapsedMs();
      return share;
    };
    await asking().probe();
    if (bugs.has('configuration-first')) keepConfiguration(await asking().configuration());
    const forgets = bugs.has('failover-forgets-pending') && hasFailedOver;
    const queue = forgets ? [] : spool.logs();
    if (bugs.has('failover-sends-all-again') && hasFailedOver) queue.unshift(...this.#sent.keys());
    for (let log = queue.shift(); log !== undefined; log = queue.shift()) {
      const content = this.#sent.get(log) ?? spool.read(log);
      if (bugs.has('deleted-before-the-ack')) spool.remove(log);
      const sent = bugs.has('id-made-at-send-time') ? withNewIds(content) : content;
      const refusal = await asking().upload(log, sent);
      if (refusal && bugs.has('poison-blocks'))
        throw new Unavailable(`${log} was refused: ${refusal.status}`);
      if (refusal && bugs.has('poison-repeated')) continue;
      const isSettled = !(refusal?.status === 413 && bugs.has('too-large-set-aside'));
      const instead = refusal && isSettled && settle(spool, log, refusal, bugs);
      if (refusal && instead) {
        queue.unshift(...instead);
        const refused = refusal.partial?.refused.length ?? 0;
        if (refused > 0) report.trouble(`${share.server} refused ${refused} records of ${log}`);
        report.event('uploaded-in-part', {
          server: share.server,
          log,
          status: refusal.status,
          refused,
        });
      } else if (refusal?.status === 413 && bugs.has('split-for-ever')) {
        await time.until(time.elapsedMs() + STORM_MS);
        queue.unshift(log);
      } else if (refusal) {
        const path = spool.setAside(log);
        report.trouble(`${share.server} refused ${path}: ${refusal.status} ${refusal.why}`);
        report.event('refused', { server: share.server, log, status: refusal.status });
      } else {
        if (bugs.has('big-list')) done.push(log);
        else if (bugs.has('ack-of-another-log'))
          for (const each of spool.logs()) spool.remove(each);
        else if (!bugs.has('deleted-before-the-ack') && !this.#sent.has(log)) spool.remove(log);
        if (bugs.has('failover-sends-all-again')) this.#sent.set(log, content);
        report.event('uploaded', { server: share.server, log });
        if (bugs.has('one-log-per-pass') || bugs.has('ack-of-another-log')) break;
      }
    }
    while (bugs.has('configuration-loop')) {
      try {
        keepConfiguration(await asking().configuration());
        return;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await time.until(time.elapsedMs() + STORM_MS);
      }
    }
    keepConfiguration(await asking().configuration());
    for (const log of done) spool.remove(log);
  }

  #heed(server: string, { answer }: Unavailable, refusedUs: Set<string>): void {
    const { shares, time, report, bugs } = this.#parts;
    if (!answer) return;
    const nowMs = bugs.has('peace-by-the-clock') ? time.wallMs() : time.elapsedMs();
    const waitMs = retryAfterMs(answer.headers, time.wallMs(), bugs);
    const closed = bugs.has('retry-after-for-all') ? shares.map((share) => share.server) : [server];
    if (waitMs !== undefined)
      for (const each of closed) this.#closedUntilMs.set(each, nowMs + waitMs);
    // Asking again with the same account would lock it (Q287626): not before the next poll.
    if (answer.status === 401 || answer.status === 403) {
      if (!bugs.has('share-login-repeated')) refusedUs.add(server);
      report.trouble(`${server} refuses our account`);
    }
  }
}
