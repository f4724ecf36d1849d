// The keys of a profile. What is wrong is told by the sentence of the key: what would be right.
import { z } from 'zod';
import { LIBRARY_COMMANDS } from '../case/commands.ts';
import { policy } from './policy-schema.ts';
import { annotations, protocol, tls, upstreams, upstreamTls } from './ways-in-schema.ts';

const TIERS = ['driven', 'black-box'] as const;
/** Those of a profile that names none; `in-process` is for who asks for it. */
export const TIME_MODES = ['virtual', 'scaled', 'real'] as const;
/** Which addresses servers have. */
const NETWORKS = ['ipv4', 'ipv6'] as const;
const ALL_TIME_MODES = [...TIME_MODES, 'in-process'] as const;
/** Commands that a case can ask for. */
export const HOOKS = [
  'start-program',
  'stop-program',
  'check-out',
  'check-in',
  ...LIBRARY_COMMANDS,
  'shutdown',
] as const;
/** What a case may need of a client. */
export const ABILITIES = ['online', 'offline', 'restart', 'jitter', 'spool-limit'] as const;
/** What a client that states none is taken to have. */
export const COMMON_ABILITIES: readonly Ability[] = ['online', 'offline', 'restart'];
export type Network = (typeof NETWORKS)[number];
export type Tier = (typeof TIERS)[number];
export type TimeMode = (typeof ALL_TIME_MODES)[number];
export type Hook = (typeof HOOKS)[number];
export type Ability = (typeof ABILITIES)[number];

const A_NAME = 'a name is letters, digits and hyphens, at most 64';
const A_COMMAND = 'a list of words, such as [python3, "{here}/client.py", --config, "{config}"]';
const A_SPOOL = 'a path below the data folder, such as open.jsonl';
const A_KNOWN_FAILURE = 'exactly one of case, rule and source, and a reason';

const name = () =>
  z.string({ error: A_NAME }).regex(/^[a-z0-9][a-z0-9-]{0,63}$/i, { error: A_NAME });
const names = (error: string) =>
  z.array(name(), { error }).max(200, { error: 'at most 200 names' });
const word = () => z.string({ error: A_COMMAND }).max(4096, { error: 'at most 4096 characters' });
const words = () => z.array(word(), { error: A_COMMAND }).max(200, { error: 'at most 200 words' });
const command = () => words().min(1, { error: A_COMMAND });
const oneOf = <const T extends readonly string[]>(values: T) => {
  const error = `one of ${values.join(', ')}`;
  return z.enum(values, { error });
};
const text = () =>
  z.string({ error: A_KNOWN_FAILURE }).min(1, { error: A_KNOWN_FAILURE }).max(500).optional();

const knownFailure = z
  .strictObject(
    { case: text(), rule: text(), source: text(), reason: text().unwrap() },
    {
      error: A_KNOWN_FAILURE,
    },
  )
  .refine((known) => [known.case, known.rule, known.source].filter(Boolean).length === 1, {
    error: A_KNOWN_FAILURE,
  });

const A_PIN = 'rules with the version that judges, such as { SWM-3: 1 }';
const pins = z
  .record(z.string().max(64), z.int({ error: A_PIN }).min(1, { error: A_PIN }), { error: A_PIN })
  .default({});

export const profileSchema = z.strictObject({
  name: name(),
  command: command(),
  tier: oneOf(TIERS),
  protocol: protocol(),
  network: oneOf(NETWORKS).default('ipv4'),
  servers: upstreams(),
  tls: tls(),
  upstreamTls: upstreamTls(),
  policy: policy(),
  annotations: annotations(),
  time: z
    .array(oneOf(ALL_TIME_MODES))
    .min(1, { error: `some of ${ALL_TIME_MODES.join(', ')}` })
    .optional(),
  abilities: z.array(oneOf(ABILITIES), { error: `a list of ${ABILITIES.join(', ')}` }).optional(),
  builds: z
    .record(name(), names('the bugs of the build, a list'), {
      error: 'names of builds, each with the list of its bugs',
    })
    .default({}),
  bugs: names('a list of bugs').default([]),
  bugsArgument: words().default([]),
  spool: z
    .string({ error: A_SPOOL })
    .regex(/^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)*$/, { error: A_SPOOL })
    .max(200, { error: A_SPOOL })
    .optional(),
  hooks: z.partialRecord(oneOf(HOOKS), command(), { error: 'commands by name' }).default({}),
  rules: pins,
  knownFailures: z
    .array(knownFailure, { error: 'a list of known failures' })
    .max(1000, { error: 'at most 1000 known failures' })
    .default([]),
});

export type KnownFailureFile = z.infer<typeof knownFailure>;
export const PROFILE_KEYS: readonly string[] = Object.keys(profileSchema.shape);
