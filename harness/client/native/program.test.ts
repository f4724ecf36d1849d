import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { examine, whyNotNative } from './program.ts';
import { native } from './fixture/build.fixture.ts';

/** The first bytes of an ELF-64 program with two segments. */
function elf({
  machine = 62,
  bits = 2,
  loader,
  note,
}: {
  machine?: number;
  bits?: number;
  loader?: string;
  note?: string;
}): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes[4] = bits;
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  const segment = (at: number, type: number, start: number, text: string) => {
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(BigInt(start), at + 8);
    bytes.writeBigUInt64LE(BigInt(text.length + 1), at + 32);
    bytes.write(`${text}\0`, start, 'latin1');
  };
  segment(64, note === undefined ? 1 : 4, 192, note ?? '');
  segment(64 + 56, loader === undefined ? 1 : 3, 256, loader ?? '');
  return bytes;
}

t.test('the file of a program says whether it can be preloaded', (t) => {
  // Not below the repository: a script cannot name an interpreter in a folder with a blank.
  const folder = mkdtempSync('/tmp/meterproof-program-');
  t.teardown(() => rmSync(folder, { recursive: true }));
  const write = (name: string, bytes: Buffer | string, mode = 0o755) => {
    writeFileSync(join(folder, name), bytes);
    chmodSync(join(folder, name), mode);
    return join(folder, name);
  };
  const glibc = elf({ loader: '/lib64/ld-linux-x86-64.so.2' });
  t.equal(examine(write('dynamic', glibc)), undefined);
  t.match(examine(write('setuid', glibc, 0o4755)), /setuid/);
  t.match(examine(write('static', elf({}))), /statically linked/);
  t.match(examine(write('musl', elf({ loader: '/lib/ld-musl-x86_64.so.1' }))), /musl/);
  const note = (owner: string) => `\x04\0\0\0\x05\0\0\0\x04\0\0\0${owner}\0`;
  const loader = '/lib64/ld-linux-x86-64.so.2';
  t.match(examine(write('go', elf({ loader, note: note('Go\0') }))), /is a Go program/);
  t.equal(examine(write('not-go', elf({ loader, note: note('GNU') }))), undefined);
  t.match(examine(write('static-go', elf({ note: note('Go\0') }))), /statically linked/);
  t.match(examine(write('arm', elf({ machine: 183 }))), /x86-64/);
  t.match(examine(write('old', elf({ bits: 1 }))), /x86-64/);
  t.match(examine(write('text', 'hello')), /neither/);
  t.match(examine(write('empty', '')), /neither/);
  t.same(examine(write('script', '#!/usr/bin/env -S python3 -u\n')), {
    interpreter: ['/usr/bin/env', '-S', 'python3', '-u'],
  });
  if (native) {
    const around = { folder, searchPath: folder };
    write('run', '#!/usr/bin/env A=b static\n');
    write('deep', `#!${join(folder, 'run')} x\n`);
    write('loop', `#!${join(folder, 'loop')}\n`);
    t.match(whyNotNative(['run'], around), /static is statically linked/);
    t.match(whyNotNative(['./deep'], around), /static is statically linked/);
    t.match(whyNotNative(['loop'], around), /script of too many scripts/);
    t.equal(whyNotNative(['dynamic'], around), undefined);
    t.equal(whyNotNative(['missing'], around), undefined);
  }
  t.end();
});
