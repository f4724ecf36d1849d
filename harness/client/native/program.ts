// Whether a program can be preloaded, decided before it is started from what its file says.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { arch, platform, release } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

const MAX_INTERPRETERS = 5;
const HEADER_BYTES = 4096;
const PT_INTERP = 3;
const PT_NOTE = 4;
/** Type, then owner, of the note that Go's own linker puts into each program. */
const GO_NOTE = Buffer.from('\x04\0\0\0Go\0\0', 'latin1');
const X86_64 = 62;

/**
 * Why `command` cannot run in virtual time under the shim; undefined when it can. Follows `#!` lines and `env`.
 * `folder` is where the client is started; `searchPath` its PATH.
 */
export function whyNotNative(
  command: readonly string[],
  { folder, searchPath }: { folder: string; searchPath: string },
): string | undefined {
  if (platform() !== 'linux' || arch() !== 'x64')
    return `virtual time for native programs needs Linux on x86-64, not ${platform()} on ${arch()}`;
  const [major, minor] = release().split('.').map(Number);
  if (major! < 5 || (major === 5 && minor! < 11))
    return `virtual time for native programs needs Linux 5.11 or newer, not ${release()}`;
  let words = command;
  for (let depth = 0; depth < MAX_INTERPRETERS; depth++) {
    const file = find(words[0]!, folder, searchPath);
    if (file === undefined) return undefined; // Starting it says so better.
    const verdict = examine(file);
    if (typeof verdict === 'string') return `${file} ${verdict}`;
    if (verdict === undefined) return undefined;
    words = verdict.interpreter[0]!.endsWith('/env')
      ? verdict.interpreter.slice(1).filter((word) => !/^-|=/.test(word))
      : verdict.interpreter;
    if (words.length === 0) return undefined;
  }
  return `${command[0]} is a script of too many scripts`;
}

/** Why the program file cannot be preloaded; its interpreter when it is a script; undefined when it can be. */
export function examine(file: string): string | undefined | { interpreter: string[] } {
  let head: Buffer;
  let mode: number;
  try {
    const fd = openSync(realpathSync(file), 'r');
    mode = fstatSync(fd).mode;
    head = Buffer.alloc(HEADER_BYTES);
    head = head.subarray(0, readSync(fd, head, 0, HEADER_BYTES, 0));
    closeSync(fd);
  } catch {
    return undefined;
  }
  if (head.subarray(0, 2).toString() === '#!') {
    const line = head.subarray(2).toString('latin1').split('\n')[0]!.trim();
    return { interpreter: line.split(/\s+/) };
  }
  if ((mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o6000) !== 0)
    return 'is setuid or setgid: it ignores LD_PRELOAD';
  return examineElf(head);
}

/** System V ABI, ELF-64 object file format. */
function examineElf(head: Buffer): string | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46)
    return 'is neither a script nor an ELF program';
  if (head[4] !== 2 || head.readUInt16LE(18) !== X86_64) return 'is not built for x86-64';
  const table = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  let loader: string | undefined;
  let isGo = false;
  for (let index = 0; index < count; index++) {
    const at = table + index * size;
    if (at + 56 > head.length) break;
    const type = head.readUInt32LE(at);
    const start = Number(head.readBigUInt64LE(at + 8));
    const bytes = head.subarray(start, start + Number(head.readBigUInt64LE(at + 32)));
    if (type === PT_INTERP) loader = bytes.toString('latin1').split('\0')[0];
    if (type === PT_NOTE) isGo ||= bytes.includes(GO_NOTE);
  }
  if (loader === undefined) return 'is statically linked: it ignores LD_PRELOAD';
  if (/musl/.test(loader)) return 'is linked with musl: the shim needs glibc';
  return isGo ? 'is a Go program: its small stacks have no room for the shim' : undefined;
}

function find(program: string, folder: string, searchPath: string): string | undefined {
  if (program.includes('/')) return isAbsolute(program) ? program : resolve(folder, program);
  for (const place of searchPath.split(delimiter)) {
    const file = join(place, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
