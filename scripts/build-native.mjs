// Compiles what is preloaded into native programs: the shim that gives them virtual time, and the observer of their attempts
// in scaled and real time. Needs the system's C compiler ($CC, default cc) and glibc.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'harness', 'client');

if (platform() !== 'linux' || arch() !== 'x64') {
  console.error(
    `build:native: the preloads are for Linux on x86-64, not ${platform()} on ${arch()}`,
  );
  process.exit(1);
}

const target = join(root, 'native', 'prebuilt', 'linux-x64');
mkdirSync(target, { recursive: true });
const flags = [
  ...['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'],
  // No lazy binding, no stack protector: functions of the shim run inside signal handlers of threads that are not set up yet.
  ...['-fvisibility=hidden', '-ftls-model=initial-exec', '-fno-stack-protector', '-fno-plt'],
  ...['-Wl,-z,now', '-Wl,--build-id=none', '-s'],
];
const compiler = process.env['CC'] ?? 'cc';
const preloads = { 'virtual-time.so': 'native/shim', 'observer.so': 'observer/native' };
for (const [name, folder] of Object.entries(preloads)) build(name, join(root, folder));

/** Ends the program where it fails. */
function build(name, source) {
  const files = readdirSync(source)
    .filter((file) => file.endsWith('.c'))
    .toSorted()
    .map((file) => join(source, file));
  // Programs may be running with the old one: it is replaced, never overwritten.
  const fresh = join(target, `.${name}`);
  const libraries = ['-Wl,--no-as-needed', '-l:libdl.so.2'];
  const { status, error } = spawnSync(compiler, [...flags, '-o', fresh, ...files, ...libraries], {
    stdio: 'inherit',
  });
  if (error) console.error(`build:native: ${compiler} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
  renameSync(fresh, join(target, name));
}
