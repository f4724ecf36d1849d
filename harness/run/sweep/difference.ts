// What differs between two behaviours, in words.
import type { Behaviour, Trait } from './behaviour.ts';

/** 2: the user or the bill would notice; 1: only the servers do; 0: no difference. */
export function distance(a: Behaviour, b: Behaviour): 0 | 1 | 2 {
  const changed = changedTraits(a, b);
  if (changed.length === 0) return 0;
  return changed.some(({ weight }) => weight === 'major') ? 2 : 1;
}

export interface Difference {
  readonly major: readonly string[];
  readonly minor: readonly string[];
  /** What the client comes to, for a sentence: `turns offline`, `turns to bravo`, `fails`. Absent: only the words tell. */
  readonly turns?: string;
}

export function difference(a: Behaviour, b: Behaviour): Difference {
  const changed = changedTraits(a, b);
  const wordsOf = (weight: Trait['weight']): readonly string[] =>
    changed.filter((trait) => trait.weight === weight).map((trait) => words(trait, a, b));
  const turns = turn(a, b);
  return {
    major: wordsOf('major'),
    minor: wordsOf('minor'),
    ...(turns !== undefined && { turns }),
  };
}

function changedTraits(a: Behaviour, b: Behaviour): readonly Trait[] {
  const changed = [...new Map([...a.traits, ...b.traits]).values()].filter(
    ({ name }) => valueOf(a, name) !== valueOf(b, name),
  );
  // That another server is the first to grant says already which one grants now and which no longer does.
  const told = changed.filter(({ kind }) => kind === 'first').map(({ name }) => name.slice(6));
  return changed
    .filter(({ name, kind }) => kind !== 'presence' || !told.some((event) => name.endsWith(event)))
    .toSorted((x, y) => RANK.indexOf(x.kind) - RANK.indexOf(y.kind));
}

const RANK: readonly Trait['kind'][] = ['verdict', 'ledger', 'first', 'row', 'said', 'presence'];

function valueOf({ traits }: Behaviour, name: string): string | number {
  return traits.get(name)?.value ?? 0;
}

function words({ name, kind }: Trait, a: Behaviour, b: Behaviour): string {
  const before = valueOf(a, name);
  const now = valueOf(b, name);
  switch (kind) {
    case 'verdict':
      return `verdict ${now} instead of ${before}`;
    case 'presence':
      return `${name} ${now === 0 ? 'disappears' : 'appears'}`;
    case 'said':
      return now === 0 ? `no longer ${name}` : name;
    case 'first':
      if (now === 0) return `no ${name.replace('first ', '')} any more`;
      return before === 0 ? `${name} by ${now}` : `${name} by ${now} instead of ${before}`;
    case 'row':
      return `${now} instead of ${before} ${name}`;
    case 'ledger':
      return `${name} ${now} instead of ${before}`;
  }
}

function turn(a: Behaviour, b: Behaviour): string | undefined {
  if (a.verdict !== b.verdict) {
    if (b.verdict === 'pass') return 'passes';
    return b.verdict === 'fail' ? `fails (${b.reason})` : `${b.verdict} (${b.reason})`;
  }
  if (Number(valueOf(b, 'lost')) > Number(valueOf(a, 'lost'))) return 'loses more records';
  if (valueOf(a, 'says offline') !== valueOf(b, 'says offline'))
    return valueOf(b, 'says offline') === 0 ? 'stays online' : 'turns offline';
  for (const [event, what] of FIRSTS) {
    const now = valueOf(b, event);
    if (now !== 0 && now !== valueOf(a, event)) return `turns to ${now} for its ${what}`;
  }
  return undefined;
}

const FIRSTS = [
  ['first lease-grant', 'leases'],
  ['first upload-accept', 'uploads'],
] as const;
