// Deliberately broken variants: each is one branch in the code, found by searching for bugs.has('…').

interface Bug {
  readonly name: string;
  readonly pattern: string;
  /** The articles in which it was seen first. */
  readonly article: string;
  readonly about: string;
}

export const BUGS = [
  {
    name: 'primary-fixation',
    pattern: 'PRIMARY-FIXATION',
    article: 'Q235786',
    about: 'keeps trying to upload to its unavailable primary instead of the next server',
  },
  {
    name: 'hasty-switch',
    pattern: 'HASTY-SWITCH',
    article: 'Q213167, Q226827',
    about: 'goes to the next server after the first failure, without its retries',
  },
  {
    name: 'orphan-seat',
    pattern: 'ORPHAN-SEAT',
    article: 'Q226838',
    about: 'never releases the licence on the first server after a switch',
  },
  {
    name: 'clock-stall',
    pattern: 'CLOCK-STALL',
    article: 'Q226832, Q311764, Q213261',
    about: 'waits for a wall-clock date to poll, so that a clock set back stops the uploads',
  },
] as const satisfies readonly Bug[];

export type BugName = (typeof BUGS)[number]['name'];
export type Bugs = ReadonlySet<BugName>;

export const NO_BUGS: Bugs = new Set();

/** Reads `a,b,c`; an Error names what is not known. */
export function parseBugs(text: string): Bugs {
  const bugs = new Set<BugName>();
  for (const name of text.split(',').filter((part) => part !== '')) {
    const bug = BUGS.find((known) => known.name === name);
    if (!bug)
      throw new Error(`no bug "${name}"; there are ${BUGS.map((known) => known.name).join(', ')}`);
    bugs.add(bug.name);
  }
  return bugs;
}
