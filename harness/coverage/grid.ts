import type { Dialect, FaceDescription } from '../../emulators/emulator.ts';
import type { TraceEvent } from '../trace/event.ts';
import { cellId, cover, stateId } from './cover.ts';
import { asksForLeases, type FaultRow, rowsOf } from './faults.ts';
import { impossible } from './possible.ts';
import { LEASED, type ProtocolState, STATES, UNKNOWN_REQUEST } from './states.ts';

export interface Cell {
  readonly state: ProtocolState;
  /** Ids of the cases in which a client met the fault in that state. */
  readonly cases: readonly string[];
  /** Why it can never be touched. */
  readonly impossible?: string;
}

export interface Row extends FaultRow {
  /** One for each state of the face, in their order. */
  readonly cells: readonly Cell[];
}

export interface FaceGrid {
  readonly face: string;
  readonly states: readonly ProtocolState[];
  /** Of them, those in which a client has been at all, with a fault or without. */
  readonly reached: ReadonlySet<string>;
  readonly rows: readonly Row[];
}

export interface Grid {
  readonly dialect: string;
  /** How many traces it was measured from. */
  readonly cases: number;
  readonly faces: readonly FaceGrid[];
}

export interface CoverageCounts {
  readonly cells: number;
  readonly possible: number;
  readonly touched: number;
}

/** The trace of one case. */
export interface PlayedCase {
  readonly id: string;
  readonly events: readonly TraceEvent[];
}

/** Fault by state, for each face of a dialect, measured from traces of its cases. */
export function gridOf(dialect: Dialect, cases: readonly PlayedCase[]): Grid {
  const touched = new Map<string, string[]>();
  const reached = new Set<string>();
  for (const { id, events } of cases) {
    const covered = cover(events, dialect);
    for (const state of covered.reached) reached.add(state);
    for (const cell of covered.touched) {
      const ids = touched.get(cell) ?? [];
      if (ids.length === 0) touched.set(cell, ids);
      ids.push(id);
    }
  }
  const faces = dialect.faces.map((face) => faceGrid(dialect, face, touched, reached));
  return { dialect: dialect.name, cases: cases.length, faces };
}

export function countsOf(faces: readonly FaceGrid[]): CoverageCounts {
  const cells = faces.flatMap(({ rows }) => rows.flatMap((row) => row.cells));
  const possible = cells.filter((cell) => cell.impossible === undefined);
  const touched = cells.filter(({ cases }) => cases.length > 0);
  return { cells: cells.length, possible: possible.length, touched: touched.length };
}

function faceGrid(
  dialect: Dialect,
  face: FaceDescription,
  touched: ReadonlyMap<string, readonly string[]>,
  everReached: ReadonlySet<string>,
): FaceGrid {
  const reached = new Set(
    STATES.map(({ id }) => id).filter((id) => everReached.has(stateId(face.name, id))),
  );
  const states = STATES.filter((state) => isStateOf(face, state, reached));
  const rows = rowsOf(dialect, face).map((row) => ({
    ...row,
    cells: states.map((state): Cell => {
      const cases = touched.get(cellId(face.name, row.id, state.id)) ?? [];
      // What was seen is possible, whatever the table says.
      const why = cases.length > 0 ? undefined : impossible(row, state, face);
      return { state, cases, ...(why !== undefined && { impossible: why }) };
    }),
  }));
  return { face: face.name, states, reached, rows };
}

/** A face that does not say what can be asked there has the requests that were made. */
function isStateOf(
  face: FaceDescription,
  { id, kind }: ProtocolState,
  reached: ReadonlySet<string>,
): boolean {
  const { asks } = face;
  if (reached.has(id)) return true;
  if (id === UNKNOWN_REQUEST) return false;
  if (LEASED.has(id)) return asks !== undefined && asksForLeases(face);
  if (id === 'callback-awaited') return asks?.['callback-request'] !== undefined;
  if (id === 'configuration-half') return asks?.['configuration'] !== undefined;
  return kind !== 'asked' || asks?.[id] !== undefined;
}
