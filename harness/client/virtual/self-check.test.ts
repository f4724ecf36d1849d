import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { whyNotThisNode } from './self-check.ts';

t.test('this Node can do what virtual time needs', async (t) => {
  t.equal(await whyNotThisNode(process.execPath), undefined);
});

/** A Node of the future: `breakage` runs in it before anything else. */
async function checkBroken(breakage: string): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'meterproof-'));
  const breaks = `const { internalBinding } = require('internal/test/binding');\n${breakage}`;
  writeFileSync(join(folder, 'break.cjs'), breaks);
  const node = join(folder, 'node');
  writeFileSync(
    node,
    `#!/bin/sh\nexec '${process.execPath}' --no-warnings --require '${folder}/break.cjs' "$@"\n`,
  );
  chmodSync(node, 0o755);
  const why = await whyNotThisNode(node);
  rmSync(folder, { recursive: true });
  return why;
}

t.test('a Node that has moved an internal is told, by the name of it', async (t) => {
  t.match(
    await checkBroken("delete internalBinding('timers').scheduleTimer"),
    /Node v[\d.]+ has no internal "timers\.scheduleTimer"/,
  );
  t.match(
    await checkBroken("delete internalBinding('js_stream').JSStream"),
    /no internal "JSStream"/,
  );
  t.match(
    await checkBroken(
      "Object.defineProperty(internalBinding('timers'), 'getLibuvNow', { get: () => () => 7, set() {} })",
    ),
    /it does not hold that a timer is due in virtual time/,
  );
  t.match(
    await checkBroken(
      "const net = require('net'); Object.defineProperty(net.Socket.prototype, 'connect', { value: net.Socket.prototype.connect, writable: false })",
    ),
    /Cannot assign|does not hold/,
  );
  t.match(await whyNotThisNode('/no/such/node'), /ENOENT/);
});
