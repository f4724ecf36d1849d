// A grid of coverage for people: a table for each face, then what no case touches, and what cannot be touched.
import { type Cell, countsOf, type FaceGrid, type Grid, type Row } from '../coverage/grid.ts';
import type { Palette } from './palette.ts';

/** What makes a measurement come out the same again. */
export interface CoverageInfo {
  readonly client: string;
  readonly time: string;
  readonly seed: number;
  readonly epoch: string;
}

const COLUMN = 4;
const WIDTH = 110;

export function coverageText(grid: Grid, info: CoverageInfo, colors: Palette): string {
  const { client, time, seed, epoch } = info;
  const cases = `${grid.cases} ${grid.cases === 1 ? 'case' : 'cases'}`;
  const { touched, possible } = countsOf(grid.faces);
  return [
    colors.bold(`${client}  ${grid.dialect}  ${cases}`),
    '',
    `${touched} of ${possible} cells that can occur are touched: a fault was in force, and the client met it in that state`,
    ...grid.faces.flatMap((face) => ['', ...faceText(face, colors)]),
    '',
    colors.dim(`time ${time}, seed ${seed}, epoch ${epoch}`),
    '',
  ].join('\n');
}

function faceText(grid: FaceGrid, colors: Palette): readonly string[] {
  const { face, states, reached, rows } = grid;
  const { touched, possible } = countsOf([grid]);
  const stateWidth = Math.max(...states.map(({ id }) => id.length));
  const faultWidth = Math.max(...rows.map(({ id }) => id.length));
  const letters = states.map((_, index) => letterOf(index).padStart(COLUMN)).join('');
  return [
    colors.bold(`${face}: ${touched} of ${possible}`),
    ...states.map(
      ({ id, about }, index) =>
        `  ${letterOf(index)}  ${id.padEnd(stateWidth)}  the client ${about}`,
    ),
    '',
    `  ${' '.repeat(faultWidth)}${colors.dim(letters)}`,
    ...rows.map(({ id, cells }) =>
      `  ${id.padEnd(faultWidth)}${cells.map((cell) => mark(cell, reached, colors)).join('')}`.trimEnd(),
    ),
    '',
    ...untouched(grid),
    ...unreached(grid),
    ...impossibles(rows),
  ];
}

/** The number of cases; `·` none, `°` none that brings a client into that state at all, blank: cannot occur. */
function mark(cell: Cell, reached: ReadonlySet<string>, colors: Palette): string {
  const { length } = cell.cases;
  if (length > 0) return colors.green(String(length).padStart(COLUMN));
  if (cell.impossible !== undefined) return ' '.repeat(COLUMN);
  return colors.yellow((reached.has(cell.state.id) ? '·' : '°').padStart(COLUMN));
}

function untouched({ rows, reached }: FaceGrid): readonly string[] {
  const lines = rows.flatMap(({ id, cells }) => {
    const states = cells.filter((cell) => isOpen(cell) && reached.has(cell.state.id));
    return states.length === 0
      ? []
      : wrapped(`${id}   ${states.map(({ state }) => state.id).join(', ')}`);
  });
  return lines.length === 0 ? [] : ['  touched by no case (·)', ...lines];
}

function unreached({ states, reached }: FaceGrid): readonly string[] {
  const never = states.filter(({ id }) => !reached.has(id)).map(({ id }) => id);
  if (never.length === 0) return [];
  return [
    '  no case brings the client there, with a fault or without (°)',
    ...wrapped(never.join(', ')),
  ];
}

function impossibles(rows: readonly Row[]): readonly string[] {
  const byReason = new Map<string, Map<string, string[]>>();
  for (const { id, cells } of rows) {
    const open = new Map<string, string[]>();
    for (const { impossible, state } of cells)
      if (impossible !== undefined)
        open.set(impossible, [...(open.get(impossible) ?? []), state.id]);
    for (const [reason, states] of open) {
      // Faults that are impossible in the same states share a line.
      const group = byReason.get(reason) ?? new Map<string, string[]>();
      const key = states.join(', ');
      byReason.set(reason, group.set(key, [...(group.get(key) ?? []), id]));
    }
  }
  if (byReason.size === 0) return [];
  return [
    '  cannot occur (blank)',
    ...[...byReason].flatMap(([reason, group]) => [
      `    ${reason}`,
      ...[...group].flatMap(([states, faults]) => wrapped(`  ${faults.join(', ')}: ${states}`)),
    ]),
  ];
}

function isOpen({ cases, impossible }: Cell): boolean {
  return cases.length === 0 && impossible === undefined;
}

/** `a`, `b` … `z`, `aa` … */
function letterOf(index: number): string {
  const last = String.fromCharCode('a'.charCodeAt(0) + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

/** In lines of at most that width; the second and those after it are indented further. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '   ';
  for (const word of text.split(/ (?=\S)/)) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line);
      line = '       ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** One document: what was measured, and every cell with its cases, or why it cannot occur. */
export function coverageJson(grid: Grid, info: CoverageInfo): string {
  const report = {
    ...info,
    dialect: grid.dialect,
    cases: grid.cases,
    ...countsOf(grid.faces),
    faces: grid.faces.map(({ face, states, reached, rows }) => ({
      face,
      states: states.map(({ id, about }) => ({ id, about, reached: reached.has(id) })),
      faults: rows.map(({ id, kind, cells }) => ({
        id,
        kind,
        cells: cells.map(({ state, cases, impossible }) => ({
          state: state.id,
          ...(impossible === undefined ? { cases } : { impossible }),
        })),
      })),
    })),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
