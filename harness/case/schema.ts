// The fields of a case file. What is wrong is told by the sentence of the field: what would be right.
import { z } from 'zod';
import { parseDuration } from '../clock/duration.ts';
import { MILLISECOND, type Nanos } from '../clock/clock.ts';

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const MAX_TEXT = 300;

const A_NAME = 'a name is a small letter and then small letters, digits or -, such as alpha';
const A_BUG = 'the name of a bug such as primary-fixation, or two joined by +';
const A_SOURCE = 'an article or a clause such as Q235786, or a list of them';
const A_TEXT = `a line of text, at most ${MAX_TEXT} characters`;

const name = () => z.string({ error: A_NAME }).regex(NAME, { error: A_NAME });

/** One bug, or some that show only together. */
const bugs = () =>
  z
    .string({ error: A_BUG })
    .regex(/^[a-z][a-z0-9-]{0,60}(?:\+[a-z][a-z0-9-]{0,60}){0,3}$/, { error: A_BUG });

const text = () =>
  z
    .string({ error: A_TEXT })
    .min(1, { error: A_TEXT })
    .max(MAX_TEXT, { error: A_TEXT, abort: true })
    .regex(/^[^\r\n]*$/, { error: A_TEXT });

/** Of docs/client-contract.md: clients get whole milliseconds in 31 bits. */
const LONGEST: Nanos = 2_147_483_647n * MILLISECOND;

/** Written as in the field: `15m`. */
const duration = () => {
  const error = 'a duration such as 15m, 4h or 1h30m, from 1ms to 24d';
  return z
    .string({ error })
    .regex(/^(?:\d{1,15}(?:d|h|m|s|ms))+$/, { error, abort: true })
    .refine((value) => isBetween(parseDuration(value), MILLISECOND, LONGEST), { error });
};

function isBetween(value: Nanos | undefined, least: Nanos, most: Nanos): boolean {
  return value !== undefined && value >= least && value <= most;
}

const count = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const list = <T extends z.ZodType>(item: T, least: number, most: number, error: string) =>
  z.array(item, { error }).min(least, { error }).max(most, { error });

const A_SHARE = 'a number above 0, at most 1, such as 0.5';

const notation = () =>
  z.string({ error: 'lines of notation: write | after the colon and indent the lines' });

export const CLIENT_FIELDS = {
  mode: z
    .enum(['offline', 'online'], { error: 'offline or online' })
    .default('offline')
    .describe('offline: usage is kept and uploaded; online: each program start asks for a licence'),
  attempts: count(1, 100).default(1).describe('attempts on one server, the first included'),
  retryDelay: duration().default('15m').describe('from one attempt on a server to the next'),
  pollingInterval: duration()
    .default('240m')
    .describe('how often the client uploads and asks for its configuration'),
  liveStatusInterval: duration()
    .default('60m')
    .describe('how often an online client says that it still runs'),
  connectTimeout: duration().default('10s').describe('how long a connection attempt may take'),
  answerTimeout: duration().default('30s').describe('how long an answer may take'),
  retryJitter: z
    .number({ error: A_SHARE })
    .gt(0, { error: A_SHARE })
    .max(1, { error: A_SHARE })
    .optional()
    .describe('by how much of itself the delay is made longer by chance (ability `jitter`)'),
  spoolRecords: count(1, 1_000_000)
    .optional()
    .describe('how many records the client may keep (ability `spool-limit`)'),
} as const;

export const clientSchema = z.strictObject(CLIENT_FIELDS, {
  error: 'settings of a client, such as { mode: offline, attempts: 5 }',
});

export const caseSchema = z.strictObject({
  title: text().describe('one sentence that says what is checked'),
  pattern: z
    .string({ error: 'the name of a failure pattern, such as PRIMARY-FIXATION' })
    .regex(/^[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*$/, {
      error: 'the name of a failure pattern in capitals, such as PRIMARY-FIXATION',
    })
    .max(60, { error: 'at most 60 characters' })
    .optional()
    .describe('the failure pattern that the case stands for'),
  source: z
    .union([text(), list(text(), 1, 20, A_SOURCE)], { error: A_SOURCE })
    .describe('where it is written what a client owes: one text or a list'),
  rules: list(
    z.string({ error: 'the id of a rule, such as SWM-1' }),
    0,
    50,
    'a list of rules, such as [SWM-1, SF-1]',
  )
    .default([])
    .describe('the rules that the case exercises, besides those that every case checks'),
  dialect: name()
    .optional()
    .describe(
      'the protocol of the servers; absent: metering, or that of the client where it has all that the case names',
    ),
  servers: list(name(), 1, 16, 'a list of 1 to 16 names, such as [alpha, bravo]').describe(
    'the servers in the order of the client; the first is the assigned one',
  ),
  client: clientSchema.optional().describe('the settings of the one client, which is named client'),
  clients: z
    .record(name(), clientSchema, { error: 'names of clients, each with its settings' })
    .optional()
    .describe('in place of client: several clients by name'),
  seats: z
    .record(text(), count(0, 1_000_000), {
      error: 'programs with their seats, such as { word.exe: 1 }',
    })
    .default({})
    .describe('seats of a program on each server; a program that is not named has no limit'),
  forbidden: list(text(), 0, 1000, 'a list of programs, such as [solitaire.exe]')
    .default([])
    .describe('programs that are denied to everyone'),
  timedOutAfter: duration()
    .default('120m')
    .describe('silence after which a server takes the licences of a client back'),
  callbackGrace: duration()
    .default('5m')
    .describe('how long a freed seat is kept for a client that was called back'),
  excludedPrograms: count(0, 250_000)
    .default(0)
    .describe('how many names the list of excluded programs has, 34 bytes each'),
  tolerance: duration()
    .default('1s')
    .describe('half the width of a window that is written as one time'),
  play: notation().describe('what is done to servers and clients, a step a line'),
  expect: notation().optional().describe('what must be seen, in this order'),
  never: notation().optional().describe('what must not be seen'),
  ledger: notation().optional().describe('what must have become of the usage records'),
  catches: list(bugs(), 0, 50, 'a list of bugs of the reference client, such as [primary-fixation]')
    .default([])
    .describe(
      'bugs of the reference client that this case must catch; `a+b`: two that break it only together',
    ),
});

export type CaseFile = z.infer<typeof caseSchema>;
export type ClientFile = z.infer<typeof clientSchema>;

/** Where one field is wrong the others can be read all the same. */
export const lenientSchema = z.object(caseSchema.shape).partial();
export type Fields = z.infer<typeof lenientSchema>;

export const CASE_FIELDS: readonly string[] = Object.keys(caseSchema.shape);

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of a case file for editors (JSON Schema 2020-12). */
export function caseJsonSchema(): JsonSchema {
  return z.toJSONSchema(caseSchema, { io: 'input' });
}
