import type { Report } from '../report.ts';
import type { CheckOuts } from './check-outs.ts';
import type { Lease } from './lease-book.ts';
import type { Line } from './line.ts';

interface Wish {
  readonly program: string;
  readonly durationMs: number;
}

/** Licences for use away from the network: what the user wants of them, asked when a server is reached. */
export class Away {
  readonly #checkOuts: CheckOuts;
  readonly #report: Report;
  /** Called with a lease that is checked out from now on: nobody else may give it back. */
  readonly #took: (lease: Lease) => void;
  readonly #wishes: Wish[] = [];

  constructor(checkOuts: CheckOuts, report: Report, took: (lease: Lease) => void) {
    this.#checkOuts = checkOuts;
    this.#report = report;
    this.#took = took;
  }

  checkOut(program: string, durationMs: number): void {
    this.#wishes.push({ program, durationMs });
  }

  checkIn(program: string): void {
    const found = this.#checkOuts.find(program);
    if (!found) throw new Error(`${program} is not checked out`);
    this.#checkOuts.giveBack(found);
  }

  /** Whether that program may run without a question. */
  covers(program: string): boolean {
    return this.#checkOuts.find(program) !== undefined;
  }

  has(lease: Lease): boolean {
    return this.#checkOuts.has(lease);
  }

  /** Something is to be asked of the server in use. */
  get isWanted(): boolean {
    return this.#wishes.length > 0;
  }

  owesTo(server: string): boolean {
    return this.#checkOuts.returnedTo(server).length > 0;
  }

  /** Rejects when one answer fails to come; what is left is done the next time. */
  async giveBack(line: Line): Promise<void> {
    for (const lease of this.#checkOuts.returnedTo(line.server)) {
      const answer = await line.ask({ type: 'check-in', lease: lease.id });
      if (answer.type !== 'checked-in') throw new Error(`${answer.type} does not answer check-in`);
      this.#checkOuts.forget(lease);
      this.#report.event('checked-in', { server: line.server, program: lease.program });
    }
  }

  async fetch(line: Line): Promise<void> {
    for (let wish = this.#wishes[0]; wish; wish = this.#wishes[0]) {
      const { program, durationMs } = wish;
      const answer = await line.ask({
        type: 'check-out',
        program,
        originalName: '',
        version: '',
        durationMs,
      });
      const about = { server: line.server, program };
      if (answer.type === 'checked-out') {
        const lease = { server: line.server, id: answer.lease };
        this.#checkOuts.add(lease, program, answer.durationMs);
        this.#took(lease);
        this.#report.event('checked-out', about);
      } else if (answer.type === 'denied') {
        this.#report.event('denied', { ...about, why: answer.why });
      } else throw new Error(`${answer.type} does not answer check-out`);
      this.#wishes.shift();
    }
  }
}
