// What happens on the connections of a capture, as events of a trace.
import type { Dialect, SessionDecoders } from '../../../emulators/emulator.ts';
import { eventLine } from '../../trace/file.ts';
import { SessionTrace, type Decoded } from '../decode.ts';
import type { ConnectionListener } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import type { Problems } from './problems.ts';
import type { Survey } from './survey.ts';
import type { Timeline } from './timeline.ts';

export interface SessionContext {
  readonly survey: Survey;
  readonly endpoints: Endpoints;
  readonly problems: Problems;
  readonly writer: TraceWriter;
  readonly dialect: Dialect;
}

/** Names that are counted. */
const MAX_CLIENTS = 100_000;

/** Turns what happens on connections into events, and names who takes part. */
export class Session {
  readonly #context: SessionContext;
  readonly #decoders: SessionDecoders | undefined;
  readonly servers = new Set<string>();
  readonly clients = new Set<string>();
  connections = 0;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#decoders = context.dialect.decoders?.();
  }

  open(client: string, address: string, port: number, offset: number): ConnectionListener {
    const { survey, endpoints, problems, writer } = this.#context;
    const { server, face } = endpoints.at(address, port);
    const from = survey.clientName(client, offset);
    this.servers.add(server);
    if (this.clients.size < MAX_CLIENTS) this.clients.add(from);
    const place = { actor: server, face, from };
    const emit = (event: Decoded): void => {
      if (event.event === 'opaque')
        problems.add(
          `opaque-${face}-${String(event.fields['why'])}`,
          offset,
          `connection ${event.conn} with ${server}.${face} is not understood (${String(event.fields['why'])}): it is kept as bytes, what they mean is not told`,
        );
      writer.write(event);
    };
    let trace: SessionTrace | undefined;
    const begin = (): SessionTrace =>
      (trace = new SessionTrace(
        { ...place, conn: ++this.connections },
        this.#decoders?.(server, face),
        emit,
      ));
    return {
      attempt: () => {
        if (survey.isUnanswered(offset))
          writer.write({ ...place, event: 'unanswered', fields: {} });
      },
      connect: () => begin().connect(),
      refused: () => writer.write({ ...place, event: 'refused', fields: {} }),
      unanswered: () => {
        if (!survey.isUnanswered(offset))
          writer.write({ ...place, event: 'unanswered', fields: {} });
      },
      middle: () => {
        problems.add(
          'middle',
          offset,
          'a connection that began before the capture: what follows is used from its next whole message on',
        );
        const begun = begin();
        begun.gap('client', 'began-before');
        begun.gap('server', 'began-before');
      },
      data: (side, bytes) => (side === 'client' ? trace?.received(bytes) : trace?.sent(bytes)),
      gap: (side, why, length) => {
        if (why === 'not-captured')
          problems.add(why, offset, 'bytes of a connection that begins here were not captured');
        if (why === 'order-limit')
          problems.add(
            why,
            offset,
            'too much came out of order on a connection that begins here: what was missing is a gap',
          );
        trace?.gap(side, why, length);
      },
      close: (by) => trace?.close(by),
      reset: (by) => trace?.reset(by),
      end: () => trace?.end(),
    };
  }
}

/** Events as lines, until they are taken. */
export class TraceWriter {
  readonly #timeline: Timeline;
  #lines: string[] = [];
  events = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  write({ raw, ...event }: Decoded): void {
    this.events++;
    const bytes = raw && Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
    const at = this.#timeline.now;
    this.#lines.push(eventLine({ at, ...event, ...(bytes !== undefined && { bytes }) }));
  }

  take(): string {
    const text = this.#lines.map((line) => `${line}\n`).join('');
    this.#lines = [];
    return text;
  }
}
