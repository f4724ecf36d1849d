import type { FaceDescription } from '../../emulators/emulator.ts';
import { type FaultRow, STRIKES, type Strikes } from './faults.ts';
import { ACCEPTED_AS, type ProtocolState } from './states.ts';

/** Why a fault can never meet a client in that state of that face; undefined: it can. */
export function impossible(
  row: FaultRow,
  state: ProtocolState,
  face: FaceDescription,
): string | undefined {
  switch (row.kind) {
    case 'wire':
      return unstruck(STRIKES[row.fault]!, row.fault, state);
    case 'answer':
      return unanswered(row.fault, state, face);
    case 'state':
      return row.fault === 'clock-skew' && state.kind !== 'asked' && state.kind !== 'answering'
        ? 'a client meets the clock of a server in an answer, and waits for none'
        : undefined;
    case 'client':
      return undefined;
  }
}

function unstruck(strikes: Strikes, fault: string, state: ProtocolState): string | undefined {
  if (strikes === 'connections') return undefined;
  if (strikes === 'acceptances')
    return ACCEPTED_AS[state.id] === undefined && state.id !== 'request'
      ? 'it takes acknowledgements, and none is on its way'
      : undefined;
  // What a server sends unasked is struck as an answer is.
  const isPushed = state.id === 'callback-awaited' && fault !== 'reset-after-request';
  if (state.kind === 'asked' || isPushed) return undefined;
  if (state.kind === 'answering')
    return strikes === 'requests' ? 'the request was read before its answer began' : undefined;
  if (strikes === 'requests') return 'it strikes a request, and none is made';
  if (strikes === 'sending-and-after' && state.kind === 'idle') return undefined;
  return 'it strikes what the server sends, and the server sends nothing';
}

function unanswered(
  fault: string,
  { id, kind }: ProtocolState,
  { asks }: FaceDescription,
): string | undefined {
  if (kind === 'answering') return 'it is an answer, and another one has begun';
  if (kind !== 'asked') return 'it is an answer, and nothing is asked';
  if (asks === undefined || id === 'request') return undefined;
  return asks[id]?.includes(fault) === true ? undefined : 'this request is never answered so';
}
