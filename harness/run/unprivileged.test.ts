// What a container without privileges, or anybody who is not root, meets: no capability at all.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../client/package-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'meterproof-unprivileged-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const main = join(packageRoot(), 'dist/harness/cli/main.js');
const BARE = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
const isRoot = process.getuid?.() === 0;
/** Who is not root plays every test of this repository so. */
const canDrop = isRoot && spawnSync('setpriv', [...BARE, 'true']).status === 0;
const hasPython = spawnSync('python3', ['--version']).status === 0;

function run(client: string): Promise<string> {
  const words = ['run', 'offline/primary-refuses', '--client', client, '--time', 'virtual'];
  const env = { ...process.env, NO_COLOR: '1' };
  const command = [...BARE, process.execPath, main, ...words, '--out', folder];
  return new Promise((resolve) =>
    execFile('setpriv', command, { timeout: 60_000, env }, (_, out, err) =>
      resolve(`${out}${err}`),
    ),
  );
}

for (const [client, isThere] of Object.entries({ reference: true, 'example-python': hasPython }))
  t.test(
    `${client} is played in virtual time without any privilege`,
    { skip: !canDrop ? 'not root, or no setpriv' : isThere ? false : 'there is no python3' },
    async (t) => {
      const said = await run(client);
      t.match(said, /PASSED {2}1 passed/, said);
    },
  );
