// Compiles the clients of the tests that are written in C, and finds those that others run.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const folder = import.meta.dirname;
let built: string | undefined;

/** The path of a program, or undefined where it is missing: a test then says so and skips. */
export function find(program: string): string | undefined {
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(place, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** The interpreter itself, not a script that looks for one. */
export function findPython(): string | undefined {
  const found = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

export const native = process.platform === 'linux' && process.arch === 'x64';

/** Undefined without a compiler, or where what is asked for cannot be linked. */
export function compile(name: string, flags: readonly string[] = []): string | undefined {
  if (!native || !find('cc')) return undefined;
  if (!built) {
    const target = mkdtempSync(join(tmpdir(), 'mpc-'));
    process.on('exit', () => rmSync(target, { recursive: true, force: true }));
    built = target;
  }
  const target = join(built, `${name}${flags.join('')}`);
  mkdirSync(built, { recursive: true });
  try {
    execFileSync('cc', ['-O2', '-pthread', ...flags, '-o', target, join(folder, `${name}.c`)], {
      stdio: 'ignore',
    });
    return target;
  } catch {
    return undefined;
  }
}

export const script = (name: string): string => join(folder, name);
