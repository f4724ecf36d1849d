// What a recording keeps while it runs: what came when, on which connection, and nothing made of it. A line of JSON that says whose
// session it is, then records of a fixed head and their bytes, one behind the other.
import { z } from 'zod';

/** How the file is called beside the capture that becomes of it. */
export const RAW_SUFFIX = '.raw';

/**
 * The head of a record, little-endian: u32 length of what follows it · u32 connection · f64 case time (ns) · u32 kind + 256 × face.
 * What follows is the text of a client's address (`connect`, `refused`, `unanswered`), the bytes (`received`, `sent`), or
 * their number (u32, where bytes are not kept).
 */
export const HEAD_BYTES = 20;
/** Longer than anything that is read from a socket at once. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

export const KIND = {
  connect: 1,
  received: 2,
  sent: 3,
  receivedLength: 4,
  sentLength: 5,
  clientClose: 6,
  serverClose: 7,
  clientReset: 8,
  serverReset: 9,
  refused: 10,
  unanswered: 11,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];
export const LAST_KIND = KIND.unanswered;

export const REDACTIONS = ['accounts', 'workstations', 'bytes'] as const;
export type Redaction = (typeof REDACTIONS)[number];

/** What the capture will need to know, so that another process can make it. */
export const PREAMBLE = z.strictObject({
  meterproofRaw: z.literal(1),
  case: z.string(),
  client: z.string(),
  epoch: z.string(),
  observer: z.string(),
  origin: z.string(),
  /** As the command line named it. */
  dialect: z.string(),
  faces: z.array(z.strictObject({ server: z.string(), face: z.string() })).min(1),
  redact: z.array(z.enum(REDACTIONS)),
  /** Clients are written by the name that the recorder gave to its own, not by their addresses. */
  isNamed: z.boolean(),
});
export type Preamble = z.infer<typeof PREAMBLE>;
