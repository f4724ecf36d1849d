// What the unit tests print: a line for each file, everything that a file with a failure has printed, and the count last.
import type { FileResult } from './test-pool.ts';

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const SLOWEST = 5;
/** Why a plain `npm test` leaves something out; these are counted. */
export const LATER = 'CI=true npm test plays it';
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export class TestReport {
  readonly #total: number;
  readonly #screen: Screen;
  readonly #started = performance.now();
  readonly #running = new Set<string>();
  #files = 0;

  constructor(total: number, screen: Screen) {
    this.#total = total;
    this.#screen = screen;
  }

  began(file: string): void {
    this.#running.add(file);
    this.#progress();
  }

  finished(result: FileResult): void {
    const { file, ms, passed, failed, problem, output } = result;
    this.#running.delete(file);
    this.#files++;
    if (failed > 0) {
      const bounds = [`--- ${file}`, `--- end of ${file}${problem ? `: ${problem}` : ''}`];
      this.#line(`${bounds[0]}\n${output.trimEnd()}\n${bounds[1]}`);
    }
    // A terminal is told how far it is; a file has to say it afterwards.
    if (failed > 0 || this.#screen.isTTY !== true)
      this.#line(`${failed > 0 ? 'FAILED' : 'ok    '} ${file}  ${passed} passed  ${seconds(ms)}`);
    this.#progress();
  }

  /** The last lines. Returns the exit status. */
  end(results: readonly FileResult[]): number {
    const sum = (of: (result: FileResult) => number): number =>
      results.reduce((total, result) => total + of(result), 0);
    const missing = this.#total - results.filter(({ file }) => !file.startsWith('(')).length;
    const passed = sum((result) => result.passed);
    const failed = sum((result) => result.failed);
    const skipped = results.flatMap((result) => result.skipped);
    const slowest = results.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
    this.#line(`# slowest: ${slowest.map(({ file, ms }) => `${file} ${seconds(ms)}`).join(', ')}`);
    const later = skipped.filter((name) => name.endsWith(LATER));
    for (const name of skipped) if (!later.includes(name)) this.#line(`# left out: ${name}`);
    if (later.length > 0)
      this.#line(`# left out: ${later.length} that take long, such as ${later.at(-1)}`);
    for (const { file, failed: count, problem } of results)
      if (count > 0) this.#line(`# FAILED: ${file}${problem ? `: ${problem}` : ''}`);
    if (missing > 0) this.#line(`# broken off: ${missing} test files have not been played`);
    this.#line(`# ${this.#total} test files in ${seconds(performance.now() - this.#started)}`);
    this.#line(`${passed} passed, ${failed} failed`);
    return failed > 0 || missing > 0 || passed === 0 ? 1 : 0;
  }

  #line(text: string): void {
    this.#screen.write(`${this.#screen.isTTY === true ? '\r\u001b[K' : ''}${text}\n`);
  }

  #progress(): void {
    if (this.#screen.isTTY !== true) return;
    const text = `${this.#files}/${this.#total}  ${[...this.#running].join('  ')}`;
    this.#screen.write(`\r\u001b[K${text.slice(0, (this.#screen.columns ?? 80) - 1)}`);
  }
}
