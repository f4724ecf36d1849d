// What a report says of how to play a case again, taken at its word.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { splitWords } from '../client/words.ts';
import { meterproof, unpackPage } from './ways-in.fixture.ts';

interface Report {
  readonly run: { readonly seed: number; readonly epoch: string };
  readonly cases: readonly {
    readonly trace: string;
    readonly epoch: string;
    readonly again: string;
  }[];
}

async function played(folder: string, words: readonly string[]): Promise<[Report, string]> {
  const { out, err } = await meterproof(folder, ...words, '--reporter', 'json');
  t.equal(err, '');
  const report = JSON.parse(out) as Report;
  return [report, readFileSync(report.cases[0]!.trace, 'utf8')];
}

long('the command of a report gives the same trace, byte by byte', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-again-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  unpackPage('dialect.md', folder);
  const own = [
    '--dialect',
    './line-dialect.ts',
    '--rules',
    './line-rules.ts',
    '--suites',
    'suites',
  ];
  const chance = ['--seed', '77', '--epoch', '2001-03-25T02:30:15Z'];
  const lines: readonly (readonly string[])[] = [
    ['run', '--client', 'node line-client.mjs', ...own, ...chance],
    [
      'run',
      'offline/primary-refuses',
      '--client',
      'reference:rtm',
      '--time',
      'in-process',
      ...chance,
    ],
  ];
  for (const words of lines) {
    const out = ['--out', join(folder, 'out')];
    const [first, trace] = await played(folder, [...words, ...out]);
    t.match(first.run, { seed: 77, epoch: '2001-03-25T02:30:15.000Z' });
    t.equal(first.cases[0]!.epoch, first.run.epoch);
    const [, ...again] = splitWords(first.cases[0]!.again);
    const [second, sameTrace] = await played(folder, [...again, ...out]);
    t.equal(sameTrace, trace);
    t.equal(second.cases[0]!.again, first.cases[0]!.again);
    const [, otherTrace] = await played(folder, [...again, '--seed', '78', ...out]);
    t.not(otherTrace, trace, 'the seed is part of it');
  }
});
