// Compiles the shim that gives native programs virtual time. Needs the system's C compiler ($CC, default cc) and glibc.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'harness', 'client', 'native');

if (platform() !== 'linux' || arch() !== 'x64') {
  console.error(`build:native: the shim is for Linux on x86-64, not ${platform()} on ${arch()}`);
  process.exit(1);
}

const source = join(root, 'shim');
const target = join(root, 'prebuilt', 'linux-x64');
mkdirSync(target, { recursive: true });
const files = readdirSync(source)
  .filter((file) => file.endsWith('.c'))
  .toSorted()
  .map((file) => join(source, file));
const flags = [
  ...['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'],
  // No lazy binding, no stack protector: its functions run inside signal handlers of threads that are not set up yet.
  ...['-fvisibility=hidden', '-ftls-model=initial-exec', '-fno-stack-protector', '-fno-plt'],
  ...['-Wl,-z,now', '-Wl,--build-id=none', '-s'],
];
// Programs may be running with the old one: it is replaced, never overwritten.
const fresh = join(target, '.virtual-time.so');
const compiler = process.env['CC'] ?? 'cc';
const { status, error } = spawnSync(
  compiler,
  [...flags, '-o', fresh, ...files, '-Wl,--no-as-needed', '-l:libdl.so.2'],
  {
    stdio: 'inherit',
  },
);
if (error) console.error(`build:native: ${compiler} could not be started: ${error.message}`);
if (status === 0) renameSync(fresh, join(target, 'virtual-time.so'));
process.exit(status ?? 1);
