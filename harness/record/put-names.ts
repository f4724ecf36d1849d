// Who the clients are is known when all has been read: their names are put into the lines that were written before.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ClientNames } from './names.ts';
import { fileSink } from './raw-writer.ts';

/** As `eventLine` writes it: what stands before `from` has no quotation mark of its own. */
const FROM =
  /^(\{"at":"[^"]*","actor":"[^"]*","face":"[^"]*","event":"[^"]*"),"from":"([^"\\]*)"(?:,"conn":(\d+))?/;
const MAX_WAITING_CHARS = 1024 * 1024;

/** Writes the lines of one file into another. `progress`: how many bytes were written. */
export async function putNames(
  from: string,
  to: string,
  names: ClientNames,
  progress: (bytes: number) => void,
): Promise<void> {
  const sink = fileSink(to, 'w');
  try {
    let waiting = '';
    let writtenBytes = 0;
    const write = (): void => {
      const bytes = Buffer.from(waiting);
      waiting = '';
      sink.write(bytes);
      progress((writtenBytes += bytes.length));
    };
    for await (const line of createInterface({ input: createReadStream(from) })) {
      waiting += `${named(line, names)}\n`;
      if (waiting.length >= MAX_WAITING_CHARS) write();
    }
    write();
  } finally {
    sink.close();
  }
}

function named(line: string, names: ClientNames): string {
  return line.replace(FROM, (all, before: string, address: string, conn?: string) => {
    const name = names.of(address, conn === undefined ? undefined : Number(conn));
    if (name === address) return all;
    return `${before},"from":${JSON.stringify(name)}${conn === undefined ? '' : `,"conn":${conn}`}`;
  });
}
