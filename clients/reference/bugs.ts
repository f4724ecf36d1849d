// Deliberately broken variants: each is one branch in the code, found by searching for bugs.has('…').
import { VARIANTS } from './variants.ts';

export interface Bug {
  readonly name: string;
  /** The failure pattern of the field that it shows … */
  readonly pattern?: string;
  /** … with the articles in which it was seen first; else the rule or the section of the client contract that it breaks. */
  readonly article?: string;
  readonly breaks?: string;
  readonly about: string;
}

/** Failure patterns of the field: name → articles, what the client does. */
const PATTERNS = {
  'primary-fixation': [
    'Q235786',
    'keeps trying to upload to its unavailable primary instead of the next server',
  ],
  'wrong-account': ['Q256212', 'tries other accounts after its login was refused'],
  'busy-spin': ['Q245228', 'asks a busy server again and again without pause'],
  'login-storm': ['Q287626', 'repeats a refused login every five seconds'],
  'download-stall': ['Q306974', 'waits without end for a configuration that does not come'],
  'big-list': [
    'Q311467',
    'cannot download a large configuration, and begins again with the upload before it',
  ],
  'hasty-switch': [
    'Q213167, Q226827',
    'goes to the next server after the first failure, without its retries',
  ],
  'orphan-seat': ['Q226838', 'never releases the licence on the first server after a switch'],
  'split-run': ['Q210366', 'reports one run once per polling interval'],
  'clock-stall': [
    'Q226832, Q311764, Q213261',
    'waits for a wall-clock date to poll, so that a clock set back stops the uploads',
  ],
  'sync-gap': ['Q213157', 'loses the runs that end while it synchronizes'],
  'poll-swallows-retry': [
    'Q235153',
    'makes no retry where the delay is as long as the polling interval',
  ],
  'renamed-forbidden': ['Q250976', 'runs a forbidden program that was renamed'],
  'hostile-version': ['Q279788', 'crashes on a long product version'],
  'checkout-forgotten': ['Q231257', 'gives a checked-out licence back when it is started'],
  'false-callback': ['Q226823', 'heeds a callback only after its grace period'],
  'spool-unwritable': ['Q290995', 'loses in silence what it cannot write'],
  'disk-suspend': ['Q213196', 'meters nothing, without a word, while its log cannot be written'],
  'one-server-only': ['Q212894', 'knows its assigned server alone, for 23 hours after its start'],
} as const satisfies Readonly<Record<string, readonly [article: string, about: string]>>;

export type BugName = keyof typeof PATTERNS | keyof typeof VARIANTS;
export type Bugs = ReadonlySet<BugName>;

export const BUGS: readonly (Bug & { readonly name: BugName })[] = [
  ...named(PATTERNS).map(([name, [article, about]]) => ({
    name,
    pattern: name.toUpperCase(),
    article,
    about,
  })),
  ...named(VARIANTS).map(([name, [breaks, about]]) => ({ name, breaks, about })),
];

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

function named<Name extends string, Entry>(table: Readonly<Record<Name, Entry>>): [Name, Entry][] {
  // Its keys are all that Object.entries can give.
  return Object.entries(table) as [Name, Entry][];
}
