import type { About, Seat } from '../meter.ts';
import type { Lease } from './lease-book.ts';

/** Away: it runs on a checked-out licence, and nobody is asked. */
type SeatState = 'asking' | 'held' | 'denied' | 'away';

/** What became of one run's question. */
export class OnlineSeat implements Seat {
  readonly program: string;
  readonly about: About;
  state: SeatState = 'asking';
  lease: Lease | undefined;
  /** Granted once, or run while no server could be asked: a denial that comes later does not undo that. */
  wasAllowed = false;
  /** A request is on its way, and only one at a time. */
  isBeingAsked = false;

  /** Denied, and on the list of those who are called back. */
  isWaiting = false;
  wasCalledBack = false;
  grantedAt?: { readonly wallMs: number; readonly elapsedMs: number };

  constructor(program: string, about: About) {
    this.program = program;
    this.about = about;
  }

  /** No answer is no denial: such a run is metered by ourselves. */
  get isMetered(): boolean {
    return this.state !== 'denied' || this.wasAllowed;
  }
  /** A denial that counts whatever was granted before: how bugs deny. */
  forbid(): void {
    this.state = 'denied';
    this.wasAllowed = false;
  }
}
