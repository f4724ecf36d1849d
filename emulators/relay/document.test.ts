// docs/relay.md says what the emulator does: its example byte by byte, its faults, its port.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { FakeClient, FakeHost, SETUP } from '../metering/fake-host.fixture.ts';
import { RELAY_FAULTS } from './faults.ts';
import { relay } from './index.ts';

const page = readFileSync('docs/relay.md', 'utf8');

t.test('the worked example is what a server answers', async (t) => {
  const [, text = ''] = /```http\n([^]*?)```/.exec(page) ?? [];
  const at = text.indexOf('HTTP/1.1 201');
  const [, time = ''] = /clock at (\S+):\n/.exec(page) ?? [];
  const host = new FakeHost();
  host.wallMs = () => Date.parse(time);
  const client = new FakeClient(relay.create(host, SETUP), host, 'pipe');
  const answer = await client.exchange(text.slice(0, at).replaceAll('\n', '\r\n'));
  const [head = '', body = ''] = answer.toString().split('\r\n\r\n');
  t.equal(`${head.replaceAll('\r\n', '\n')}\n\n${body}`, text.slice(at));
  client.stream.destroy();
});

t.test('its table of faults is complete', (t) => {
  const named = [...page.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+)/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!),
  );
  t.same(named.toSorted(), Object.keys(RELAY_FAULTS).toSorted());
  t.ok(page.includes(`its port is ${relay.faces[0]!.port}`));
  t.end();
});
