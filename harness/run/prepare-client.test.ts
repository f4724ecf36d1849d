import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { metering } from '../../emulators/metering/index.ts';
import { loadCase } from '../case/load.ts';
import { resolveClient } from '../client/resolve.ts';
import { prepareClient } from './prepare-client.ts';

t.test('each client has a folder for temporary files of its own', (t) => {
  const plan = loadCase(
    `
title: two clients
source: a test
servers: [alpha]
client: { pollingInterval: 1h, retryDelay: 1m }
play: |
  0s  client  start
  1h  end
expect: |
  ..  client  start
`,
    'suites/test/two.yaml',
    { rules: new Set(), dialects: [metering] },
  );
  const folder = t.testdir({ one: {}, other: {} });
  const client = resolveClient('true', { cwd: folder, searchPath: process.env['PATH'] ?? '' });
  const places = ['one', 'other'].map((name, index) => {
    const place = join(folder, name);
    return prepareClient(client, plan.clients[0]!, index + 1, [], 1, place).env['TMPDIR']!;
  });
  t.same(places.map(dirname), [join(folder, 'one'), join(folder, 'other')]);
  for (const place of places) t.same(readdirSync(place), []);
  t.end();
});
