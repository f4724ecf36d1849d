import type { Seat } from '../meter.ts';
import type { Lease } from './lease-book.ts';

type SeatState = 'asking' | 'held' | 'denied';

/** What became of one run's question. */
export class OnlineSeat implements Seat {
  readonly program: string;
  state: SeatState = 'asking';
  lease: Lease | undefined;
  /** Granted once, or run while no server could be asked: a denial that comes later does not undo that. */
  wasAllowed = false;
  /** A request is on its way, and only one at a time. */
  isBeingAsked = false;

  constructor(program: string) {
    this.program = program;
  }

  /** No answer is no denial: such a run is metered by ourselves. */
  get isMetered(): boolean {
    return this.state !== 'denied' || this.wasAllowed;
  }
}
