// The key `policy` of a profile: what a client states of its ways, and is judged by (docs/client-contract.md, section 8).
import { z } from 'zod';
import { MILLISECOND, type Nanos } from '../clock/clock.ts';
import { parseDuration } from '../clock/duration.ts';

/** A client is told at most this. */
const LONGEST: Nanos = 2_147_483_647n * MILLISECOND;

export const A_POLICY =
  'what your client does: { attempts: 1, retryDelay: 5s, connectTimeout: 10s, answerTimeout: 30s }';
const A_PHASE = 'what your client does in that phase, such as { attempts: 3, failback: never }';
const A_DURATION = 'a duration such as 5s';

function readDuration(text: string): Nanos | undefined {
  const value = parseDuration(text);
  return value !== undefined && value >= MILLISECOND && value <= LONGEST ? value : undefined;
}

const duration = z.string({ error: A_DURATION }).transform((text, context): Nanos => {
  const value = readDuration(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: A_DURATION });
  return z.NEVER;
});

/** `configured`: the client takes it from what a case tells it. */
const configurable = z
  .string({ error: `${A_DURATION}, or configured` })
  .transform((text, context): Nanos | 'configured' => {
    if (text === 'configured') return text;
    const value = readDuration(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `${A_DURATION}, or configured` });
    return z.NEVER;
  });

const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const order = () => z.enum(['listed', 'any'], { error: 'listed or any' });

const FAILBACKS = ['never', 'at-next-acquire', 'after-probes'] as const;
const JITTER = 'a share from 0 (a fixed pace) to 1';

const phaseFile = z
  .strictObject(
    {
      order: order(),
      attempts: whole(1, 100),
      retryDelay: duration,
      jitter: z.number({ error: JITTER }).min(0, { error: JITTER }).max(1, { error: JITTER }),
      connectTimeout: duration,
      handshakeTimeout: duration,
      answerTimeout: duration,
      idleInterval: duration,
      sticky: z.boolean({ error: 'true or false' }),
      failback: z.enum(FAILBACKS, { error: `one of ${FAILBACKS.join(', ')}` }),
      probes: whole(1, 100),
      provedAfter: duration,
      every: duration,
    },
    { error: A_PHASE },
  )
  .partial()
  .refine(({ failback, probes }) => probes === undefined || failback === 'after-probes', {
    error: 'probes is how many good answers failback: after-probes needs',
  });

export const PHASES = ['acquire', 'renew', 'upload', 'probe'] as const;
/** What an opaque client must state: nobody understands what it says. */
export const OPAQUE_POLICY = ['attempts', 'retryDelay', 'connectTimeout', 'answerTimeout'] as const;

const RECORDS = ['per-run', 'per-interval', 'counter'] as const;

const policyFile = z.strictObject(
  {
    order: order().default('listed'),
    attempts: z
      .union([whole(1, 100), z.literal('configured')], {
        error: 'a whole number from 1 to 100, or configured',
      })
      .optional(),
    retryDelay: configurable.optional(),
    connectTimeout: configurable.optional(),
    answerTimeout: configurable.optional(),
    attemptsPerMinute: whole(1, 100_000).optional(),
    jitter: z
      .number({ error: JITTER })
      .min(0, { error: JITTER })
      .max(1, { error: JITTER })
      .optional(),
    records: z.enum(RECORDS, { error: `one of ${RECORDS.join(', ')}` }).optional(),
    acquire: phaseFile.optional(),
    renew: phaseFile.optional(),
    upload: phaseFile.optional(),
    probe: phaseFile.optional(),
  },
  { error: A_POLICY },
);

export const policy = () => policyFile.optional();
export type PolicyFile = z.infer<typeof policyFile>;
export type PhaseFile = z.infer<typeof phaseFile>;
