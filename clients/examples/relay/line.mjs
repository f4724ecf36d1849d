// The line to one server: what is asked there goes one after the other, and after a failure only at the pace of the delay.
import { Relay, retryAfterMs } from './relay.mjs';

/** The answers that settle a question; any other is a failure. */
const ANSWERS = { GET: [200], PUT: [201, 202, 400, 409, 410], DELETE: [204, 400, 404] };
/** A connection that lasted so long was good: the next attempt may come at once. */
const PROVED_MS = 10_000;

export class Line {
  name;
  /** Failed attempts in a row. */
  failures = 0;
  #jobs = [];
  #isWorking = false;
  #startedMs = 0;
  #notBeforeMs = 0;
  #relay;
  #settings;
  #listener;

  /** `listener`: answered(line, job, answer), failed(line), lost(line). */
  constructor({ name, pipe: address }, settings, listener) {
    this.name = name;
    this.#settings = settings;
    this.#listener = listener;
    const lost = (livedMs) => {
      if (livedMs < PROVED_MS) this.#wait(this.#startedMs + settings.retryDelayMs);
      listener.lost(this);
    };
    this.#relay = new Relay({ ...settings, address, lost });
  }

  /** A release goes first. What is asked already is not asked twice. */
  ask(method, program) {
    if (this.#jobs.some((job) => job.method === method && job.program === program)) return;
    if (method === 'DELETE') this.#jobs.unshift({ method, program });
    else this.#jobs.push({ method, program });
    void this.#work();
  }

  /** Takes back what is asked with that method, about one program or all; returns the programs. */
  take(method, program) {
    const isIt = (job) => job.method === method && (program ?? job.program) === job.program;
    const taken = this.#jobs.filter(isIt);
    this.#jobs = this.#jobs.filter((job) => !isIt(job));
    return taken.map((job) => job.program);
  }

  async #work() {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#jobs.length > 0) {
      const waitMs = Math.ceil(this.#notBeforeMs - performance.now());
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // What is left may have been taken back meanwhile.
      else await this.#attempt(this.#jobs[0]);
    }
    this.#isWorking = false;
  }

  async #attempt(job) {
    this.#startedMs = performance.now();
    let livedMs = 0;
    const answer = await this.#relay.send(job).catch((error) => {
      ({ livedMs } = error);
    });
    if (ANSWERS[job.method].includes(answer?.status)) {
      this.failures = 0;
      this.#jobs = this.#jobs.filter((other) => other !== job);
      return this.#listener.answered(this, job, answer);
    }
    // What fails on a connection that was good is not yet an attempt.
    if (livedMs >= PROVED_MS) return;
    this.failures++;
    const { retryDelayMs, bugs } = this.#settings;
    this.#wait(this.#startedMs + retryDelayMs);
    if (answer && !bugs.has('retry-after-ignored'))
      this.#wait(performance.now() + retryAfterMs(answer));
    this.#listener.failed(this);
  }

  #wait(untilMs) {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, untilMs);
  }
}
