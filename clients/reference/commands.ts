import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Meter } from './meter.ts';
import type { OnlineSession } from './online/session.ts';

/**
 * The driven tier: commands as JSON Lines from `input`, one answer each to `output` (client contract, section 4).
 * `shutdown` is called once, for the command or for the end of the input. `away`: only an online client checks licences out.
 */
export function serveCommands(
  input: Readable,
  output: Writable,
  meter: Pick<Meter, 'start' | 'stop'>,
  shutdown: () => void,
  away?: Pick<OnlineSession, 'checkOut' | 'checkIn'>,
): void {
  const lines = createInterface({ input });
  const answer = (id: unknown, result: string, why?: string): void => {
    output.write(`${JSON.stringify({ id, result, why })}\n`);
  };

  lines.on('line', (line) => {
    const { id, command, program, originalName, version, durationMs } = parse(line);
    try {
      switch (command) {
        case 'start-program':
          meter.start(programName(program), {
            originalName: bounded(originalName, MAX_PROGRAM_BYTES),
            version: bounded(version, MAX_VERSION_BYTES),
          });
          break;
        case 'stop-program':
          meter.stop(programName(program));
          break;
        case 'check-out':
          if (!away) return answer(id, 'unsupported');
          away.checkOut(programName(program), milliseconds(durationMs));
          break;
        case 'check-in':
          if (!away) return answer(id, 'unsupported');
          away.checkIn(programName(program));
          break;
        case 'shutdown':
          break;
        default:
          answer(id, 'unsupported');
          return;
      }
      answer(id, 'ok');
      if (command === 'shutdown') lines.close();
    } catch (error) {
      answer(id, 'error', error instanceof Error ? error.message : String(error));
    }
  });
  lines.once('close', () => {
    // An input that is still open would keep the process alive.
    input.destroy();
    shutdown();
  });
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** As long as the pipe and the usage record can carry it. */
const MAX_PROGRAM_BYTES = 256;
const MAX_VERSION_BYTES = 16_384;

/** Shortened between two characters, always in the same way (docs/wire-protocol.md, section 3). */
function bounded(value: unknown, maxBytes: number): string {
  const bytes = Buffer.from(typeof value === 'string' ? value : '');
  let end = Math.min(bytes.length, maxBytes);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function milliseconds(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new Error('a duration is missing');
}

function programName(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error('a program is missing');
  if (Buffer.byteLength(value) > MAX_PROGRAM_BYTES) throw new Error('its name is too long');
  return value;
}
