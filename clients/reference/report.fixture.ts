import type { Report } from './report.ts';

/** A report that can be read afterwards. */
export class KeptReport implements Report {
  readonly events: string[] = [];
  readonly troubles: string[] = [];

  event(event: string): void {
    this.events.push(event);
  }

  trouble(text: string): void {
    this.troubles.push(text);
  }
}
