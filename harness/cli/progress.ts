import { MILLISECOND } from '../clock/clock.ts';
import { MACHINE } from '../clock/machine.ts';
import type { Surroundings } from './surroundings.ts';

const TERMINAL_INTERVAL_NS = 200n * MILLISECOND;
const LOG_INTERVAL_NS = 5000n * MILLISECOND;

export interface ProgressLine {
  tell(text: () => string): void;
  done(): void;
}

/** On a terminal one line that is written over, elsewhere a line every few seconds; short work shows none. */
export function progressLine({ isTerminal, writeError }: Surroundings): ProgressLine {
  const interval = isTerminal ? TERMINAL_INTERVAL_NS : LOG_INTERVAL_NS;
  let last = MACHINE.monotonicNs();
  let isShown = false;
  return {
    tell: (text) => {
      const now = MACHINE.monotonicNs();
      if (now - last < interval) return;
      last = now;
      writeError(isTerminal ? `\r${text()}` : `${text()}\n`);
      isShown = isTerminal;
    },
    done: () => {
      if (isShown) writeError('\r\u001b[K');
    },
  };
}
