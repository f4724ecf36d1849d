// The share face as msw request handlers, for a team's own unit tests: `import { shareHandlers } from 'meterproof/msw'`.
import { http, HttpResponse, type HttpHandler } from 'msw';
import type { AnswerFault, Host, Note, ServedConfiguration } from '../../emulator.ts';
import { MAX_BODY_BYTES } from '../../http/answer.ts';
import { checkFault } from '../faults.ts';
import { LicenseServer } from '../server/license-server.ts';
import { answerShare } from './share.ts';

export interface ShareOptions {
  /** Name of the emulated server; default `alpha`. */
  readonly server?: string;
  /** What LICMTR.CFG says where it differs from the field's defaults. */
  readonly configuration?: Partial<ServedConfiguration>;
  /** The fault that is active now, asked at every request: `{ name: '503', args: { 'retry-after': '2m' } }`. */
  readonly fault?: () => AnswerFault | undefined;
  /** Told what the server understood and did, in the words of a trace. */
  readonly onNote?: (note: Note) => void;
}

const FIELD_DEFAULTS: ServedConfiguration = {
  version: 1,
  mode: 'offline',
  attempts: 1,
  retryDelayMs: 15 * 60_000,
  pollingIntervalMs: 240 * 60_000,
  liveStatusIntervalMs: 60 * 60_000,
  timedOutAfterMs: 120 * 60_000,
  servers: [],
};

/**
 * Handlers for every address whose path starts with `/LicMtr/`. They share one server state, an inbox that remembers
 * its logs; call again for a fresh one. Throws a RangeError for a fault with arguments that it cannot read.
 */
export function shareHandlers(options: ShareOptions = {}): HttpHandler[] {
  const server = new LicenseServer(hostOf(options), {
    seats: {},
    forbidden: [],
    configuration: {
      ...FIELD_DEFAULTS,
      servers: [options.server ?? 'alpha'],
      ...options.configuration,
    },
  });
  return [
    http.all('*/LicMtr/*', async ({ request }) => {
      const body = Buffer.from(await request.arrayBuffer());
      const answer = answerShare(server, {
        method: request.method,
        path: new URL(request.url).pathname,
        body: body.length <= MAX_BODY_BYTES ? body : undefined,
      });
      for (const note of answer.notes) options.onNote?.(note);
      // Here there are no bytes that could be wrong: a client sees what it makes of them.
      if (answer.malformed) return HttpResponse.error();
      const { status, headers } = answer;
      return new HttpResponse(answer.body, { status, headers });
    }),
  ];
}

function hostOf({ server = 'alpha', fault, onNote }: ShareOptions): Host {
  return {
    server,
    // The share asks for neither time nor timers: it has no clock, and leases belong to the pipe.
    wallMs: () => 0,
    after: () => () => {},
    note: (_face, _client, note) => onNote?.(note),
    answerFault: (_face, names) => {
      const active = fault?.();
      if (!active || !names.includes(active.name)) return undefined;
      const wrong = checkFault(active);
      if (wrong !== undefined) throw new RangeError(wrong);
      return active;
    },
  };
}
