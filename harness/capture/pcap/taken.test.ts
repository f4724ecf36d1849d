import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { metering } from '../../../emulators/metering/index.ts';
import { parseTrace } from '../../trace/file.ts';
import { parseServerSpec } from './endpoints.ts';
import { importCapture } from './import.ts';

const TAKEN = 'captures/tcpdump-example-python-primary-refuses';
const SERVERS = [
  'alpha=127.177.1.1:7230/pipe',
  'alpha=127.177.1.1:7280/share',
  'bravo=127.177.1.2:7230/pipe',
  'bravo=127.177.1.2:7280/share',
];

t.test('what tcpdump took is read to the session of the corpus', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const out = join(folder, 'taken.jsonl');
  const { problems } = await importCapture({
    path: `${TAKEN}.pcap`,
    out,
    dialect: metering,
    servers: SERVERS.flatMap((text) => {
      const spec = parseServerSpec(text, metering.faces);
      return typeof spec === 'string' ? [] : spec;
    }),
  });
  t.strictSame(problems, []);
  const read = (path: string) => parseTrace(readFileSync(path, 'utf8'), path);
  const { header, events } = read(`${TAKEN}.jsonl`);
  t.strictSame(read(out).events, events);
  t.strictSame({ ...read(out).header, capture: header.capture }, header);
});
