import t from 'tap';
import { BoundedSpool } from './bounded-spool.ts';
import { NO_BUGS, type Bugs } from './bugs.ts';
import type { UsageRecord } from './meter.ts';
import { KeptReport } from './report.fixture.ts';

/** What is kept of five records where three may wait, and how many drops were told. */
function kept(limit: number | undefined, bugs: Bugs = NO_BUGS): [string[], number] {
  const ids: string[] = [];
  const report = new KeptReport();
  const disk = {
    append: ({ id }: UsageRecord) => void ids.push(id),
    count: () => ids.length,
    dropMiddle: () => void ids.splice(ids.length >> 1, 1),
  };
  const spool = new BoundedSpool(disk, limit, report, bugs);
  for (const id of ['1', '2', '3', '4', '5']) spool.append({ id } as UsageRecord);
  return [ids, report.troubles.length];
}

t.test('a full spool drops what comes, and tells each', (t) => {
  t.same(kept(3), [['1', '2', '3'], 2]);
  t.same(kept(undefined), [['1', '2', '3', '4', '5'], 0]);
  t.same(kept(3, new Set(['drops-the-middle'])), [['1', '4', '5'], 2]);
  t.end();
});
