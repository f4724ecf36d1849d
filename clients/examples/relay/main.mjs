// A client of relay servers: one licence a program, with heartbeats, attempts, failover, and the return to its first server.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Line } from './line.mjs';

/** What is broken on purpose: `--bugs a,b`. */
const [, list = ''] = process.argv.slice(2);
const bugs = new Set(list.split(','));

const settings = JSON.parse(readFileSync(process.env.METERPROOF_CONFIG, 'utf8'));
if (settings.mode === 'offline') {
  process.stderr.write('meterproof: unsupported offline\n');
  process.exit(89);
}
const attempts = bugs.has('hasty-switch') ? 1 : settings.attempts;
const retryDelayMs = settings.retryDelayMs / (bugs.has('gap-halved') ? 2 : 1);

const listener = { answered, failed, lost };
const lines = settings.servers.map(
  (server) => new Line(server, { ...settings, retryDelayMs, bugs }, listener),
);
/** Where new licences are asked for. */
let current = lines[0];
/** Programs that run: how often, on which line their licence is, and whether they wait for any server to return. */
const programs = new Map();

/** Licences that are held somewhere, over a restart too. */
const bookFile = join(process.env.METERPROOF_DATA, 'leases.json');
const book = new Set(readBook());

function readBook() {
  try {
    return bugs.has('leases-forgotten-at-start') ? [] : JSON.parse(readFileSync(bookFile, 'utf8'));
  } catch {
    return [];
  }
}

function note(line, program, isHeld) {
  const entry = `${line.name} ${program}`;
  if (isHeld === book.has(entry)) return;
  if (isHeld) book.add(entry);
  else book.delete(entry);
  writeFileSync(`${bookFile}.new`, JSON.stringify([...book]));
  renameSync(`${bookFile}.new`, bookFile);
}

function start(program) {
  const run = programs.get(program) ?? { count: 0 };
  programs.set(program, { ...run, count: run.count + 1 });
  if (run.count === 0) current.ask('PUT', program);
}

function stop(program) {
  const run = programs.get(program);
  if (!run) throw new Error(`${program} does not run`);
  if (--run.count > 0) return;
  programs.delete(program);
  for (const line of lines) line.take('PUT', program);
  if (run.line) release(bugs.has('release-to-the-current') ? current : run.line, program);
}

function release(line, program) {
  line.ask('DELETE', program);
}

function answered(line, { method, program }, { status, body }) {
  // The next pass may begin anywhere again.
  for (const other of lines) if (other !== line) other.failures = 0;
  if (line === lines[0]) comeBack();
  if (method === 'DELETE') return note(line, program, false);
  if (method === 'PUT') return status < 300 ? granted(line, program, body) : denied(line, program);
}

function granted(line, program, body) {
  note(line, program, true);
  const run = programs.get(program);
  if (!run) return release(line, program);
  const { line: old } = run;
  Object.assign(run, { line, waits: false });
  if (old && old !== line && !bugs.has('orphan-seat')) release(old, program);
  beat(JSON.parse(body).expires_in * 1000);
}

/** A definite no: neither again nor elsewhere. */
function denied(line, program) {
  const run = programs.get(program);
  if (!run) return;
  const { line: old } = run;
  Object.assign(run, { line: undefined, waits: false });
  note(line, program, false);
  if (old && old !== line) release(old, program);
  if (bugs.has('denial-repeated')) setTimeout(() => line.ask('PUT', program), retryDelayMs);
  if (bugs.has('denial-elsewhere') && line === current) after(line)?.ask('PUT', program);
}

/** After its last attempt a server is left: what wants a licence asks the next one, and the first is looked for. */
function failed(line) {
  if (line.failures < attempts) return;
  const next = after(line);
  if (line === current) current = next ?? lines[0];
  for (const program of line.take('PUT')) {
    programs.get(program).waits = !next;
    next?.ask('PUT', program);
  }
  if (current !== lines[0] || !next) lines[0].ask('GET');
}

/** The next server that has not failed yet; undefined: all have. */
function after(line) {
  const place = lines.indexOf(line);
  const others = [...lines.slice(place + 1), ...lines.slice(0, place)];
  return others.find(({ failures }) => failures < attempts);
}

/** The first server is back: it gets the new requests, and those of programs that found no server. */
function comeBack() {
  [current] = lines;
  if (bugs.has('offline-for-ever')) return;
  for (const [program, run] of programs) if (run.waits) current.ask('PUT', program);
}

/** A connection that ends while licences of that server are held: does it still hold them? */
function lost(line) {
  for (const [program, run] of programs) if (run.line === line) line.ask('PUT', program);
}

const startedMs = performance.now();
let beatMs = settings.liveStatusIntervalMs;
let beatTimer;

/** Heartbeats keep their pace from the start on, and are twice as fast as the leases of a server run out. */
function beat(ttlMs = Infinity) {
  if (bugs.has('live-status-never')) return;
  beatMs = Math.min(beatMs, ttlMs / 2);
  clearTimeout(beatTimer);
  const elapsedMs = performance.now() - startedMs;
  beatTimer = setTimeout(
    () => {
      for (const [program, { line }] of programs) line?.ask('PUT', program);
      beat();
    },
    beatMs - (elapsedMs % beatMs),
  );
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  const { id, command, program } = JSON.parse(text);
  let result = 'ok';
  let why;
  try {
    if (command === 'start-program') start(program);
    else if (command === 'stop-program') stop(program);
    else if (command !== 'shutdown') result = 'unsupported';
  } catch (error) {
    [result, why] = ['error', error.message];
  }
  process.stdout.write(`${JSON.stringify({ id, result, why })}\n`, () => {
    if (command === 'shutdown') process.exit(0);
  });
});
input.on('close', () => process.exit(0));

for (const entry of book) {
  const space = entry.indexOf(' ');
  const line = lines.find(({ name }) => name === entry.slice(0, space));
  if (line) release(line, entry.slice(space + 1));
}
lines[0].ask('GET');
beat();
