// Node's SQLite has a clock and random numbers of its own, in C. SQL functions of the same names take their place in every database.
import crypto from 'node:crypto';
import { createRequire, isBuiltin } from 'node:module';
import type { ProcessClock } from './clock.ts';
import { quietly } from './internals.ts';

type Value = string | number | bigint | Uint8Array | null;

interface Database {
  prepare(sql: string): { get(...values: Value[]): { readonly value: Value } };
  function?(name: string, options: object, action: (...values: Value[]) => Value): void;
  readonly isOpen?: boolean;
  open(): void;
}

interface Sqlite {
  DatabaseSync: new (path: string, options?: { readonly open?: boolean }) => Database;
}

/** Dates, and how many arguments stand before the time, which is `now` where there is none. */
const DATES = { date: 0, time: 0, datetime: 0, julianday: 0, unixepoch: 0, strftime: 1 };
const CURRENT = { current_date: 'date', current_time: 'time', current_timestamp: 'datetime' };
/** That is what lets a column be made of a date, as SQLite's own functions may. */
const OPTIONS = { varargs: true, deterministic: true, useBigIntArguments: true };
const MAX_RANDOM_BYTES = 1_000_000_000;

export function installSqlite(clock: ProcessClock): void {
  const sqlite = load();
  if (!sqlite?.DatabaseSync.prototype.function) return;
  const { DatabaseSync } = sqlite;
  const plain = new DatabaseSync(':memory:');
  const now = () => new Date(clock.wallMs()).toISOString().replace('Z', '');
  const asked = new Map<string, ReturnType<Database['prepare']>>();
  const ask = (name: string, values: readonly Value[]): Value => {
    const sql = `SELECT ${name}(${values.map(() => '?').join()}) AS value`;
    const question = asked.get(sql) ?? plain.prepare(sql);
    asked.set(sql, question);
    return question.get(...values.map((value) => (isNow(value) ? now() : value))).value;
  };
  const equip = (database: Database): void => {
    const add = database.function!.bind(database);
    for (const [name, before] of Object.entries(DATES))
      add(name, OPTIONS, (...values) =>
        ask(name, values.length === before ? [...values, 'now'] : values),
      );
    add('timediff', OPTIONS, (...values) => ask('timediff', values));
    for (const [name, like] of Object.entries(CURRENT))
      add(name, OPTIONS, () => ask(like, ['now']));
    add('random', {}, () => crypto.randomBytes(8).readBigInt64BE());
    add('randomblob', { useBigIntArguments: true }, (count) =>
      crypto.randomBytes(Math.min(MAX_RANDOM_BYTES, Math.max(1, Math.trunc(Number(count)) || 0))),
    );
  };
  const { open } = DatabaseSync.prototype;
  DatabaseSync.prototype.open = function (this: Database) {
    open.call(this);
    equip(this);
  };
  sqlite.DatabaseSync = new Proxy(DatabaseSync, {
    construct(target, args: ConstructorParameters<typeof DatabaseSync>, newTarget) {
      const database = Reflect.construct(target, args, newTarget) as Database;
      if (args[1]?.open !== false) equip(database);
      return database;
    },
  });
}

function isNow(value: Value): boolean {
  return typeof value === 'string' && value.toLowerCase() === 'now';
}

/** Nothing on a Node that has none, or hides it behind a flag. */
function load(): Sqlite | undefined {
  if (!isBuiltin('node:sqlite')) return undefined;
  // The warning that it is new belongs to a client that uses it.
  return quietly(() => createRequire(import.meta.url)('node:sqlite') as Sqlite);
}
