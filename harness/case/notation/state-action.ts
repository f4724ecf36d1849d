import { quote, Refusal } from '../errors.ts';
import type { Action } from '../plan.ts';
import { readCount } from './duration.ts';
import { type LineReader, partOf, type Token } from './line.ts';
import { isProgram, readShift } from './program.ts';
import type { Scope } from './scope.ts';

/** What is done to the state of a server. */
export const STATE_ACTIONS = ['restart', 'clock-skew', 'seats'] as const;
type StateAction = (typeof STATE_ACTIONS)[number];

export function isStateAction(word: string): word is StateAction {
  return STATE_ACTIONS.some((action) => action === word);
}

/** `restart [state=kept|lost]`, `clock-skew +D`, `seats P=N`; `verb` is read already. */
export function readStateAction(
  reader: LineReader,
  verb: Token,
  server: string,
  { dialect }: Scope,
): Action {
  // The clock is ours, whatever the dialect.
  if (verb.text === 'clock-skew')
    return { kind: 'clock-skew', server, by: readShift(reader.next('write clock-skew +1h')) };
  const { name, commands = [] } = dialect;
  if (!commands.some((command) => command === verb.text))
    throw new Refusal(
      verb.position,
      `a server of ${name} knows no ${verb.text}`,
      commands.length > 0 ? `it knows ${commands.join(' and ')}` : 'leave the step out',
    );
  if (verb.text === 'seats') return { kind: 'seats', server, ...readSeats(reader) };
  const state = reader.take('state=lost') ? 'lost' : 'kept';
  if (state === 'kept') reader.take('state=kept');
  return { kind: 'restart', server, state };
}

function readSeats(reader: LineReader): { program: string; seats: number } {
  const usage = 'write seats PROGRAM=N, such as seats word.exe=0';
  const token = reader.next(usage);
  const equals = token.text.lastIndexOf('=');
  const program = token.text.slice(0, Math.max(equals, 0));
  if (!isProgram(program))
    throw new Refusal(token.position, `${quote(token.text)} is not known here`, usage);
  return { program, seats: readCount(partOf(token, equals + 1), 0, usage) };
}
