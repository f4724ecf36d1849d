// The keys of a profile for a client that does not speak `metering` (docs/ways-in/).
import { z } from 'zod';
import { SEMANTIC_EVENTS } from '../trace/vocabulary.ts';

const A_PROTOCOL =
  'metering, opaque, the name of a dialect of your own, or the path of its module: ./my-dialect.ts';
const AN_UPSTREAM =
  'servers by name, each with its real server, { alpha: { upstream: 127.0.0.1:1883 } }, or with what starts it, { alpha: { command: [broker, --port, "{port}"] } }';
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

const A_TLS = 'terminate, or no such key: then TLS stays closed';
export const tls = () => z.literal('terminate', { error: A_TLS }).optional();
/** Whether the real servers speak TLS too, where it is terminated. */
export const upstreamTls = () => z.boolean({ error: 'true or false' }).optional();

export const upstreams = () =>
  z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, {
        error: 'a server is called as in cases: small letters, digits and -',
      }),
      z
        .strictObject(
          {
            upstream: upstream.optional(),
            command: z
              .array(z.string().max(4096), { error: AN_UPSTREAM })
              .min(1, { error: AN_UPSTREAM })
              .max(200, { error: 'at most 200 words' })
              .optional(),
          },
          { error: AN_UPSTREAM },
        )
        .refine((server) => (server.upstream === undefined) !== (server.command === undefined), {
          error: AN_UPSTREAM,
        }),
      { error: AN_UPSTREAM },
    )
    .default({});

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
