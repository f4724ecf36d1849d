import t from 'tap';
import { launcherHint } from './launcher-hint.ts';

t.test('who only starts the client is told what to name in its place', (t) => {
  t.match(launcherHint(['npx', 'tsx', 'client.ts']), /^npx looks .*\[node, --import, /);
  t.match(launcherHint(['/usr/bin/npm', 'start']), /^npm looks /);
  t.match(launcherHint(['/x/node_modules/.bin/tsx', 'client.ts']), /^tsx starts /);
  t.match(launcherHint(['node', '/x/node_modules/tsx/dist/cli.mjs', 'a.ts']), /^tsx starts /);
  for (const command of [
    ['node', 'client.js'],
    ['python3', 'npx.py'],
    ['npm', '--prefix', '/x', 'start'],
    [],
    ['node', 'tsx/cli.js'],
  ])
    t.equal(launcherHint(command), undefined);
  t.end();
});
