import t from 'tap';
import { NO_BUGS } from './bugs.ts';
import type { UsageRecord } from './meter.ts';
import { PatientSpool } from './patient-spool.ts';
import { KeptReport } from './report.fixture.ts';
import { ManualTime } from './time.fixture.ts';

const record = (id: string) => ({ id }) as UsageRecord;

t.test('what cannot be written is kept, told once, and written within a minute', async (t) => {
  const time = new ManualTime();
  const report = new KeptReport();
  const written: string[] = [];
  let isFull = true;
  const disk = {
    append: ({ id }: UsageRecord) => {
      if (isFull) throw new Error('no space left');
      written.push(id);
    },
  };
  const spool = new PatientSpool(disk, time, report, NO_BUGS);
  t.throws(() => spool.append(record('1')), { message: 'not durable yet: no space left' });
  t.throws(() => spool.append(record('2')));
  await time.goTo(600_000);
  t.same(written, []);
  t.equal(report.troubles.length, 1);
  isFull = false;
  await time.goTo(659_999);
  t.same(written, ['1', '2']);
  spool.append(record('3'));
  t.same(written, ['1', '2', '3']);
});

t.test(
  'disk-suspend: what ends within a minute of the last look at a full disk is lost',
  async (t) => {
    const time = new ManualTime();
    const written: string[] = [];
    const disk = { append: ({ id }: UsageRecord) => void written.push(id) };
    const spool = new PatientSpool(disk, time, new KeptReport(), new Set(['disk-suspend']));
    let isFull = true;
    void spool.suspendWhile(() => isFull);
    await time.goTo(130_000);
    isFull = false;
    spool.append(record('1'));
    await time.goTo(190_000);
    spool.append(record('2'));
    t.same(written, ['2']);
  },
);
