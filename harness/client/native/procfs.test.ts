import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { whyNotProc } from './procfs.ts';

t.test('/proc has to be there, and to be that of our own namespace', (t) => {
  t.equal(whyNotProc(), undefined);
  const folder = t.testdir();
  t.match(whyNotProc(folder), /needs .* \(ENOENT\): mount -t proc/);
  symlinkSync('1', join(folder, 'self'));
  t.match(whyNotProc(folder), /processes of another namespace: mount -t proc/);
  t.end();
});
