import { z } from 'zod';

/** What the header of a captured session says besides: where it is from, and what it must be judged as. */
export const CAPTURE_NOTE = z.strictObject({
  /** Who recorded what, where and how: one line. */
  origin: z.string().min(1).max(300),
  /** What was replaced by stand-ins, such as `accounts`; empty: nothing. */
  redacted: z.array(z.string().min(1).max(100)).max(20).default([]),
  /** The verdict that it must get. A rule that is not named must not be broken. */
  expect: z
    .strictObject({
      verdict: z.enum(['pass', 'fail', 'unsupported', 'inconclusive']),
      rules: z.record(z.string(), z.enum(['kept', 'broken', 'could-not-tell'])).default({}),
    })
    .optional(),
});

export type CaptureNote = Readonly<z.infer<typeof CAPTURE_NOTE>>;
export type CaptureExpect = NonNullable<CaptureNote['expect']>;
