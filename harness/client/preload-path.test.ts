import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { preloadPath } from './preload-path.ts';

t.test('a file with an ordinary path is preloaded from there', (t) => {
  t.equal(preloadPath('/opt/shim/virtual-time.so'), '/opt/shim/virtual-time.so');
  t.end();
});

for (const name of ['a b', 'a:b', 'a$LIBb', 'a\tb'])
  t.test(`a folder ${JSON.stringify(name)} is gone around, once`, (t) => {
    const folder = join(t.testdir(), name);
    mkdirSync(folder);
    const file = join(folder, 'virtual-time.so');
    writeFileSync(file, name);
    const path = preloadPath(file);
    t.notMatch(path, /[\s:$]/);
    t.equal(readFileSync(path, 'utf8'), name);
    t.equal(preloadPath(file), path);
    t.end();
  });

t.test('it is gone when its process is', (t) => {
  const file = join(t.testdir({ 'a b': { 'x.so': '' } }), 'a b', 'x.so');
  const module = JSON.stringify(new URL('preload-path.ts', import.meta.url).href);
  const code = `import(${module}).then((m) => process.stdout.write(m.preloadPath(${JSON.stringify(file)})))`;
  const path = execFileSync(process.execPath, ['--import', 'tsx', '-e', code], {
    encoding: 'utf8',
  });
  t.match(path, /x\.so$/);
  t.notOk(existsSync(path));
  t.end();
});
