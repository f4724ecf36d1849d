// The rows of the grid: everything that can go wrong on one face, and what each gets hold of.
import type { Dialect, FaceDescription } from '../../emulators/emulator.ts';
import { WIRE_FAULTS, type WireFaultDescription } from '../case/faults.ts';
import type { FieldValue } from '../trace/event.ts';

/** Who owns it: the wire, the answers of the dialect, the state of a server, or what the play does to a client. */
export type FaultKind = 'wire' | 'answer' | 'state' | 'client';

export interface FaultRow {
  /** `refuse`, `cut rst`, `restart lost` … */
  readonly id: string;
  readonly kind: FaultKind;
  /** As a trace calls it. */
  readonly fault: string;
}

/**
 * What a wire fault strikes: connections and attempts; requests; whatever the server sends, while it is sent or also right
 * behind it; or only what accepts something.
 */
export type Strikes = 'connections' | 'requests' | 'sending' | 'sending-and-after' | 'acceptances';

export const STRIKES: Readonly<Record<string, Strikes>> = {
  refuse: 'connections',
  reset: 'connections',
  'black-hole': 'connections',
  'half-open': 'connections',
  'reset-after-request': 'requests',
  hang: 'requests',
  slow: 'sending',
  duplicate: 'sending',
  garbage: 'sending',
  cut: 'sending-and-after',
  'lost-ack': 'acceptances',
};

/** The events of a play that are no `down`, by the field that makes variants of them. */
export const STATE_FAULTS: Readonly<Record<string, string | undefined>> = {
  restart: 'state',
  seats: undefined,
  'clock-skew': undefined,
};

const LEASE_WORDS = /^(?:lease-|callback-)/;

/** All rows of one face. */
export function rowsOf(dialect: Dialect, face: FaceDescription): readonly FaultRow[] {
  const row = (kind: FaultKind, fault: string, ...variants: readonly string[]): FaultRow[] =>
    variants.length === 0
      ? [{ id: fault, kind, fault }]
      : variants.map((variant) => ({ id: `${fault} ${variant}`, kind, fault }));
  const has = (command: 'restart' | 'seats') => dialect.commands?.includes(command) === true;
  return [
    ...WIRE_FAULTS.filter(({ name }) => !dialect.unknownFaults?.[name]).flatMap((wire) =>
      row('wire', wire.name, ...variantsOf(wire)),
    ),
    ...Object.keys(face.answerFaults).flatMap((name) => row('answer', name)),
    ...(has('restart') ? row('state', 'restart', 'kept', 'lost') : []),
    ...(has('seats') && asksForLeases(face) ? row('state', 'seats') : []),
    ...row('state', 'clock-skew'),
    ...row('client', 'kill'),
    ...row('client', 'clock'),
  ];
}

/** False only where the dialect says what is asked, and no lease is. */
export function asksForLeases({ asks }: FaceDescription): boolean {
  return asks === undefined || Object.keys(asks).some((word) => LEASE_WORDS.test(word));
}

/** The row of a fault with these fields, as a trace has them. */
export function rowId(fault: string, fields: Readonly<Record<string, FieldValue>>): string {
  const wire = describedWire(fault);
  const names = wire ? wordArguments(wire).map(({ name }) => name) : [STATE_FAULTS[fault] ?? ''];
  return [fault, ...names.flatMap((name) => fields[name] ?? [])].join(' ');
}

export function describedWire(fault: string): WireFaultDescription | undefined {
  return WIRE_FAULTS.find(({ name }) => name === fault);
}

/** Which faces a `down` without a face is on. */
export function facesKnowing(dialect: Dialect, fault: string): readonly string[] {
  const isWire = describedWire(fault) !== undefined;
  return dialect.faces
    .filter(({ answerFaults }) => isWire || answerFaults[fault] !== undefined)
    .map(({ name }) => name);
}

function wordArguments({ args }: WireFaultDescription): WireFaultDescription['args'] {
  return args.filter(({ kind }) => typeof kind !== 'string');
}

/** `cut` ends with a FIN or an RST: a client sees two different things. */
function variantsOf(wire: WireFaultDescription): readonly string[] {
  const [words] = wordArguments(wire);
  return words && typeof words.kind !== 'string' ? words.kind : [];
}
