// What is known of a recording only when it is over goes into its file: the names of the clients, and who saw their attempts.
import {
  closeSync,
  createReadStream,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import type { TraceHeader } from '../trace/event.ts';
import { headerLine } from '../trace/file.ts';
import type { ClientNames } from './names.ts';

/** As `eventLine` writes it: what stands before `from` has no quotation mark of its own. */
const FROM =
  /^(\{"at":"[^"]*","actor":"[^"]*","face":"[^"]*","event":"[^"]*"),"from":"([^"\\]*)"(?:,"conn":(\d+))?/;
const MAX_WAITING_CHARS = 1024 * 1024;

/**
 * Writes the file anew, and puts it in place of the old one in one step: a crash leaves one or the other. What is no regular
 * file stays as it is.
 */
export async function finishCapture(
  path: string,
  header: TraceHeader,
  names: ClientNames,
): Promise<void> {
  if (!statSync(path).isFile()) return;
  const next = `${path}.part`;
  const file = openSync(next, 'w', 0o600);
  try {
    const write = (text: string): void => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    };
    let waiting = '';
    let isFirst = true;
    for await (const line of createInterface({ input: createReadStream(path) })) {
      waiting += `${isFirst ? headerLine(header) : named(line, names)}\n`;
      isFirst = false;
      if (waiting.length < MAX_WAITING_CHARS) continue;
      write(waiting);
      waiting = '';
    }
    write(waiting);
    fsyncSync(file);
  } catch (error) {
    closeSync(file);
    rmSync(next, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(next, path);
}

function named(line: string, names: ClientNames): string {
  return line.replace(FROM, (all, before: string, address: string, conn?: string) => {
    const name = names.of(address, conn === undefined ? undefined : Number(conn));
    if (name === address) return all;
    return `${before},"from":${JSON.stringify(name)}${conn === undefined ? '' : `,"conn":${conn}`}`;
  });
}
