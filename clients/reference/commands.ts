import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Meter } from './meter.ts';

/**
 * The driven tier: commands as JSON Lines from `input`, one answer each to `output` (client contract, section 4).
 * `shutdown` is called once, for the command or for the end of the input.
 */
export function serveCommands(
  input: Readable,
  output: Writable,
  meter: Pick<Meter, 'start' | 'stop'>,
  shutdown: () => void,
): void {
  const lines = createInterface({ input });
  const answer = (id: unknown, result: string, why?: string): void => {
    output.write(`${JSON.stringify({ id, result, why })}\n`);
  };

  lines.on('line', (line) => {
    const { id, command, program } = parse(line);
    try {
      switch (command) {
        case 'start-program':
          meter.start(programName(program));
          break;
        case 'stop-program':
          meter.stop(programName(program));
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

function parse(line: string): { id?: unknown; command?: unknown; program?: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** As long as the pipe and the usage record can carry it. */
const MAX_PROGRAM_BYTES = 256;

function programName(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error('a program is missing');
  if (Buffer.byteLength(value) > MAX_PROGRAM_BYTES) throw new Error('its name is too long');
  return value;
}
