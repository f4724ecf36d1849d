import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { long } from '../run/depth.fixture.ts';
import { readCase } from '../case/load.ts';
import { resolveClient } from '../client/resolve.ts';
import { DIALECTS } from '../dialects.ts';
import { RULES } from '../judge/rules/index.ts';
import { runSuite } from '../run/run-suite.ts';

const known = { rules: new Set(RULES.map(({ id }) => id)), dialects: Object.values(DIALECTS) };
const outDir = mkdtempSync(join(tmpdir(), 'meterproof-'));
t.teardown(() => rmSync(outDir, { recursive: true }));

/** The first line of the sequence that a build does not keep. */
async function leaves(fragment: string, spec: string): Promise<string | undefined> {
  const plan = readCase(`captures/fragments/${fragment}.yaml`, known);
  const client = resolveClient(spec, { cwd: '.', searchPath: '' });
  const options = {
    client,
    time: { mode: 'in-process' } as const,
    seed: 1,
    epochMs: Date.UTC(2001, 2, 1),
    workers: 1,
    bail: false,
    outDir,
  };
  const [result] = await runSuite([plan], options, { begin() {}, result() {}, end() {} });
  const { verdict, reason, findings } = result!.judgement;
  if (verdict !== 'pass' && verdict !== 'fail') throw new Error(`${verdict}: ${reason}`);
  return findings.find(({ what }) => what === 'expect')?.claim;
}

long(
  'a lost server: five attempts a minute apart, by the builds that have their patience',
  async (t) => {
    for (const spec of ['reference:sp3', 'reference'])
      t.equal(await leaves('lost-server', spec), undefined, spec);
    for (const spec of ['reference:rtm', 'reference:sp2'])
      t.match(await leaves('lost-server', spec), /bravo\.pipe {2}lease-request/, spec);
  },
);

long(
  'a failed download: the upload begins again, by the builds that cannot take the list',
  async (t) => {
    for (const spec of ['reference:rtm', 'reference:sp3'])
      t.equal(await leaves('failed-download', spec), undefined, spec);
    for (const spec of ['reference'])
      t.match(await leaves('failed-download', spec), /said.*event=unavailable/, spec);
  },
);
