import t from 'tap';
import { clientFolder } from './client-folder.ts';

t.test('a folder is named as the client is, without what means something in a path', (t) => {
  t.equal(clientFolder('reference:rtm'), 'reference-rtm');
  t.equal(clientFolder('../my client.yaml'), 'my-client.yaml');
  t.equal(clientFolder('…'), 'client');
  t.end();
});

t.test('a path that is longer than a name may be is cut, and stays told apart', (t) => {
  const long = `/${'deep/'.repeat(100)}`;
  const folders = ['one.yaml', 'two.yaml'].map((file) => clientFolder(`${long}${file}`));
  t.equal(new Set(folders).size, 2);
  for (const folder of folders)
    t.ok(folder.length <= 255 && /^deep-deep-.*-[0-9a-f]{8}$/.test(folder), folder);
  t.end();
});
