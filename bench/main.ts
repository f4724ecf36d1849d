// npm run bench, or npm run bench -- virtual record: each bench in turn, to the last, also where one has missed a bar. Exit status 1 then.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BENCHES = ['virtual', 'in-process', 'repeats', 'import', 'trace-file', 'record'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHES.includes(name));
if (unknown.length > 0)
  throw new Error(`no bench "${unknown.join('", "')}": there are ${BENCHES.join(', ')}`);

const missed = (wanted.length > 0 ? wanted : BENCHES).filter((name) => {
  console.log(`\n${name}`);
  const file = join(import.meta.dirname, `${name}.ts`);
  return spawnSync(process.execPath, ['--import', 'tsx', file], { stdio: 'inherit' }).status !== 0;
});
console.log(missed.length > 0 ? `\nMISSED in ${missed.join(', ')}` : '\nall bars are reached');
process.exitCode = missed.length > 0 ? 1 : 0;
