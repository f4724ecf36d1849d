// From the text of a case file to a plan, or to everything that is wrong with it.
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { z } from 'zod';
import type { Nanos } from '../clock/clock.ts';
import { parseDuration } from '../clock/duration.ts';
import { CaseError, collect, type Problem } from './errors.ts';
import { checkNames, type Known } from './names.ts';
import { readExpect, readNever } from './notation/expect.ts';
import type { Line } from './notation/line.ts';
import { readLedger } from './notation/ledger.ts';
import { readPlay } from './notation/play.ts';
import type { Scope } from './notation/scope.ts';
import type { ClientPlan, ExpectItem, ExpectLine, Plan } from './plan.ts';
import { MAX_BYTES, readText, tooLarge } from './read-text.ts';
import {
  type CaseFile,
  caseSchema,
  type ClientFile,
  clientSchema,
  type Fields,
  lenientSchema,
} from './schema.ts';
import { schemaProblems } from './schema-problems.ts';
import { YamlFile } from './yaml-file.ts';

export type { Known } from './names.ts';
export type { DialectLookup } from './notation/scope.ts';

export interface FoundCase {
  readonly id: string;
  readonly file: string;
}

const MAX_DEPTH = 6;
const EXTENSION = '.yaml';

/** All case files below a folder, by id: suites in alphabetical order, and the cases of a suite too. */
export function findCases(suitesFolder: string): readonly FoundCase[] {
  return filesBelow(suitesFolder, MAX_DEPTH)
    .map((file) => ({ id: caseId(relative(suitesFolder, file)), file }))
    .toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function filesBelow(folder: string, depth: number): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? filesBelow(path, depth - 1) : [];
    return entry.name.endsWith(EXTENSION) ? [path] : [];
  });
}

/**
 * The id of a case file: its path below the nearest folder `suites`, without extension; elsewhere the last folder
 * and the name.
 */
export function caseId(file: string): string {
  const parts = file
    .split(sep === '/' ? '/' : /[\\/]/)
    .filter((part) => !['', '.', '..'].includes(part));
  const below = parts.slice(parts.lastIndexOf('suites') + 1);
  const tail = below.length === parts.length ? below.slice(-2) : below;
  return tail.join('/').replace(/\.ya?ml$/, '');
}

/** Reads a case from disk. Throws a CaseError for everything that is wrong with it, also when it cannot be read. */
export function readCase(file: string, known: Known, id = caseId(file), shown = file): Plan {
  return loadCase(readText(file, shown), shown, known, id);
}

/**
 * As `readCase`, for servers of that dialect where the case names none and they have all that it needs; else as it is
 * written, and then with the reason why they are no servers for it.
 */
export function readCaseFor(
  dialect: string,
  file: string,
  known: Known,
  id = caseId(file),
  shown = file,
): Plan {
  const { events } = known.dialects.find(({ name }) => name === dialect) ?? {};
  const written = readCase(file, known, id, shown);
  if (events === undefined || written.dialectIsNamed) return written;
  try {
    return readCase(file, { ...known, openAs: dialect }, id, shown);
  } catch (error) {
    if (!(error instanceof CaseError)) throw error;
    const { position, what } = error.problems[0]!;
    return { ...written, misfit: `line ${position.line}: ${what}` };
  }
}

/** Reads the text of a case file. Throws a CaseError that holds every problem found. */
export function loadCase(text: string, file: string, known: Known, id = caseId(file)): Plan {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw tooLarge(file, bytes);
  const problems: Problem[] = [];
  const plan = collect(problems, () => {
    const yaml = new YamlFile(text, file);
    problems.push(...yaml.problems());
    return problems.length > 0 ? undefined : readPlan(yaml, file, id, known, problems);
  });
  if (!plan || problems.length > 0) throw new CaseError(problems.toSorted(byPosition));
  return plan;
}

function byPosition({ position: a }: Problem, { position: b }: Problem): number {
  return a.line - b.line || a.column - b.column;
}

function readPlan(
  yaml: YamlFile,
  file: string,
  id: string,
  known: Known,
  problems: Problem[],
): Plan | undefined {
  const data = yaml.data();
  const checked = caseSchema.safeParse(data);
  if (!checked.success) problems.push(...schemaProblems(checked.error.issues, data, yaml));
  const fields: Fields = checked.data ?? validParts(data, checked.error.issues);
  const dialect = checkNames(fields, yaml, known, problems);
  const { servers, tolerance } = fields;
  // With some names unknown, each line that uses them would be called wrong.
  const clientsAreKnown = checked.success || !checked.error.issues.some(isAboutClients);
  if (!dialect || !servers || !clientsAreKnown || tolerance === undefined) return undefined;
  const clients = clientsOf(fields);
  if (clients.some(({ name }) => servers.includes(name)) || clients.length === 0) return undefined;
  const scope: Scope = {
    servers,
    clients: clients.map((client) => client.name),
    dialect,
    toleranceNs: ns(tolerance),
  };
  const lines = (field: keyof CaseFile): readonly Line[] =>
    typeof fields[field] === 'string' ? yaml.notation(field, problems) : [];
  const playLines = lines('play');
  const play = readPlay(playLines, scope, problems);
  if (fields.play !== undefined && playLines.length === 0)
    problems.push({
      position: yaml.position(['play']),
      what: 'the play is empty',
      right: 'add at least a start of the client and an end, such as 7h end',
    });
  const expectLines = lines('expect');
  const expect = readExpect(expectLines, scope, problems);
  const neverLines = lines('never');
  const never = readNever(neverLines, scope, flat(expect), problems);
  const ledgerLines = lines('ledger');
  const ledger =
    ledgerLines.length > 0 ? collect(problems, () => readLedger(ledgerLines)) : undefined;
  if (!checked.success) return undefined;
  const { title, pattern, source, rules, seats, forbidden, catches, timedOutAfter } = checked.data;
  const { callbackGrace, excludedPrograms } = checked.data;
  if (ledger && dialect.records === false && !dialect.opaque)
    problems.push({
      position: ledger.position,
      what: `no usage records travel to a server of ${dialect.name}`,
      right: 'leave the ledger out',
    });
  const checks = [expectLines, neverLines, ledgerLines, rules];
  if (checks.every((list) => list.length === 0))
    problems.push({
      position: yaml.start(),
      what: 'the case checks nothing',
      right: 'add expect, never, ledger or rules',
    });
  return {
    id,
    suite: id.split('/')[0]!,
    file,
    title,
    ...(pattern !== undefined && { pattern }),
    source: typeof source === 'string' ? [source] : source,
    rules,
    dialect: dialect.name,
    ...(checked.data.dialect !== undefined && { dialectIsNamed: true }),
    servers,
    clients,
    seats,
    forbidden,
    toleranceNs: scope.toleranceNs,
    play,
    expect,
    never,
    ...(ledger && { ledger }),
    catches,
    timedOutAfterNs: ns(timedOutAfter),
    callbackGraceNs: ns(callbackGrace),
    excludedPrograms,
    ...(dialect.opaque === true && { opaque: true }),
    ...(dialect.records === false && { withoutRecords: true }),
  };
}

/** The fields that are right by themselves, so that the notation is checked even when another field is wrong. */
function validParts(data: unknown, issues: readonly z.core.$ZodIssue[]): Fields {
  if (typeof data !== 'object' || data === null) return {};
  const wrong = new Set(issues.map(({ path }) => path[0]));
  const right = Object.entries(data).filter(([field]) => !wrong.has(field));
  return lenientSchema.safeParse(Object.fromEntries(right)).data ?? {};
}

function isAboutClients({ path }: z.core.$ZodIssue): boolean {
  return path[0] === 'clients';
}

function clientsOf({ client, clients }: Fields): readonly ClientPlan[] {
  const files = clients ?? { client: client ?? clientSchema.parse({}) };
  return Object.entries(files).map(([name, file]) => clientPlan(name, file));
}

function clientPlan(name: string, file: ClientFile): ClientPlan {
  return {
    name,
    mode: file.mode,
    attempts: file.attempts,
    retryDelayNs: ns(file.retryDelay),
    pollingIntervalNs: ns(file.pollingInterval),
    liveStatusIntervalNs: ns(file.liveStatusInterval),
    connectTimeoutNs: ns(file.connectTimeout),
    answerTimeoutNs: ns(file.answerTimeout),
    ...(file.retryJitter !== undefined && { retryJitter: file.retryJitter }),
    ...(file.spoolRecords !== undefined && { spoolRecords: file.spoolRecords }),
  };
}

function flat(items: readonly ExpectItem[]): readonly ExpectLine[] {
  return items.flatMap((item) => (item.kind === 'line' ? item : item.lines));
}

/** Of a duration that the schema has checked. */
function ns(text: string): Nanos {
  return parseDuration(text)!;
}
