// The keys of a profile for a client that does not speak `metering` (docs/ways-in/).
import { z } from 'zod';
import { MILLISECOND, type Nanos } from '../clock/clock.ts';
import { parseDuration } from '../clock/duration.ts';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';

/** A client is told at most this. */
const LONGEST: Nanos = 2_147_483_647n * MILLISECOND;

const A_PROTOCOL =
  'metering, opaque, the name of a dialect of your own, or the path of its module: ./my-dialect.ts';
const AN_UPSTREAM =
  'servers by name, each with its real server: { alpha: { upstream: 127.0.0.1:1883 } }';
export const A_POLICY =
  'what your client does: { attempts: 1, retryDelay: 5s, connectTimeout: 10s, answerTimeout: 30s }';
const A_DURATION = 'a duration such as 5s, or configured';

/** Default `metering`. */
export const protocol = () =>
  z
    .string({ error: A_PROTOCOL })
    .regex(/^(?:[a-z][a-z0-9-]{0,30}|\.{0,2}\/.{1,1000}\.[cm]?[jt]s)$/, { error: A_PROTOCOL })
    .default('metering');

export interface UpstreamFile {
  readonly host: string;
  readonly port: number;
}

const upstream = z.string({ error: AN_UPSTREAM }).transform((text, context): UpstreamFile => {
  const match =
    /^(?:(?<host>[a-z0-9.-]{1,253})|\[(?<six>[0-9a-f:.]{2,45})\]):(?<port>\d{1,5})$/i.exec(text);
  const port = Number(match?.groups!['port']);
  if (match && port >= 1 && port <= 65_535)
    return { host: (match.groups!['host'] ?? match.groups!['six'])!, port };
  context.addIssue({ code: 'custom', message: 'host:port, such as 127.0.0.1:1883' });
  return z.NEVER;
});

export const upstreams = () =>
  z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, {
        error: 'a server is called as in cases: small letters, digits and -',
      }),
      z.strictObject({ upstream }, { error: AN_UPSTREAM }),
      { error: AN_UPSTREAM },
    )
    .default({});

/** `configured`: the client takes it from what a case tells it. */
const duration = z
  .string({ error: A_DURATION })
  .transform((text, context): Nanos | 'configured' => {
    if (text === 'configured') return text;
    const value = parseDuration(text);
    if (value !== undefined && value >= MILLISECOND && value <= LONGEST) return value;
    context.addIssue({ code: 'custom', message: A_DURATION });
    return z.NEVER;
  });

const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const policyFile = z.strictObject(
  {
    order: z.enum(['listed', 'any'], { error: 'listed or any' }).default('listed'),
    attempts: z.union([whole(1, 100), z.literal('configured')], {
      error: 'a whole number from 1 to 100, or configured',
    }),
    retryDelay: duration,
    connectTimeout: duration,
    answerTimeout: duration,
    attemptsPerMinute: whole(1, 100_000).default(10),
  },
  { error: A_POLICY },
);

const AN_ANNOTATION =
  "{ from: stderr, pattern: 'granted (?<lease>\\S+) by (?<server>\\S+)', event: lease-grant }";

const pattern = z
  .string({ error: AN_ANNOTATION })
  .min(1, { error: AN_ANNOTATION })
  .max(500, { error: 'at most 500 characters' })
  .refine(isExpression, { error: 'a regular expression of JavaScript, in single quotes' });

function isExpression(text: string): boolean {
  try {
    return new RegExp(text, 'u').source !== '';
  } catch {
    return false;
  }
}

const annotation = z
  .strictObject(
    {
      from: z.string({ error: 'stdout, stderr, or the path of a file' }).min(1).max(1000),
      pattern,
      event: z.enum(Object.keys(SEMANTIC_EVENTS) as [string, ...string[]], {
        error: `one of ${Object.keys(SEMANTIC_EVENTS).join(', ')}`,
      }),
      server: z.string().max(31).optional(),
      fields: z
        .record(
          z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, { error: 'a field is small letters and -' }),
          z.union([z.string().max(200), z.number(), z.boolean()]),
        )
        .default({}),
    },
    { error: AN_ANNOTATION },
  )
  .refine(({ pattern: text, server }) => server !== undefined || text.includes('(?<server>'), {
    error: 'nothing names the server: add a group (?<server>…) to the pattern, or server: alpha',
  });

/** Patterns for what a client says of itself. */
export const annotations = () =>
  z
    .array(annotation, { error: `a list such as [${AN_ANNOTATION}]` })
    .max(50, { error: 'at most 50 annotations' })
    .default([]);

export const policy = () => policyFile.optional();
export type PolicyFile = z.infer<typeof policyFile>;
