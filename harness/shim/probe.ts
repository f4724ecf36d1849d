// One suite for both transports: what a raw client sees of each wire fault must be the same on real sockets and on the virtual network.
import type { Dialect, Emulator, Host } from '../../emulators/emulator.ts';
import type { FaultSpec } from '../case/plan.ts';
import type { Clock } from '../clock/clock.ts';
import { Recorder } from '../trace/recorder.ts';
import type { RawClient } from './raw-client.ts';
import { Shim } from './shim.ts';
import type { Transport } from './transport.ts';

export const ANSWER_BYTES = 64;
const REQUEST = Buffer.from('please\n');

/** What a raw client does and, at the end, must have seen; alternatives where real networks may order two things. */
export interface WireProbe {
  readonly fault: FaultSpec;
  /** Sends the request once it is connected. */
  readonly asks: boolean;
  /** The word that ends the probe, or silence. */
  readonly until: string;
  readonly sees: readonly (readonly string[])[];
  /** Events on the server's face, raw bytes left out. */
  readonly traced: readonly string[];
}

const fault = (name: string, args: Record<string, string> = {}): FaultSpec => ({ name, args });

export const WIRE_PROBES: readonly WireProbe[] = [
  { fault: fault('refuse'), asks: false, until: 'refused', sees: [['refused']], traced: [] },
  {
    fault: fault('reset'),
    asks: false,
    until: 'reset',
    // An RST right after the accept can overtake the news of the connection on a real machine.
    sees: [['connect', 'reset'], ['reset']],
    traced: ['connect', 'reset'],
  },
  {
    fault: fault('reset-after-request'),
    asks: true,
    until: 'reset',
    sees: [['connect', 'reset']],
    traced: ['connect', 'reset'],
  },
  { fault: fault('black-hole'), asks: false, until: 'silence', sees: [['silence']], traced: [] },
  {
    fault: fault('hang'),
    asks: true,
    until: 'silence',
    sees: [['connect', 'silence']],
    traced: ['connect', 'swallowed'],
  },
  {
    fault: fault('cut', { bytes: '20', with: 'fin' }),
    asks: true,
    until: 'fin',
    sees: [['connect', 'data(20)', 'fin']],
    traced: ['connect', 'upload-accept', 'answer-lost', 'close'],
  },
  {
    fault: fault('cut', { bytes: '20', with: 'rst' }),
    asks: true,
    until: 'reset',
    // An RST may also throw away what the client had not read yet.
    sees: [
      ['connect', 'data(20)', 'reset'],
      ['connect', 'reset'],
    ],
    traced: ['connect', 'upload-accept', 'answer-lost', 'reset'],
  },
  {
    fault: fault('lost-ack'),
    asks: true,
    until: 'silence',
    sees: [['connect', 'silence']],
    traced: ['connect', 'upload-accept', 'answer-lost'],
  },
  {
    fault: fault('slow', { latency: '200ms' }),
    asks: true,
    until: `data(${ANSWER_BYTES})`,
    sees: [['connect', `data(${ANSWER_BYTES})`]],
    traced: ['connect', 'upload-accept'],
  },
];

/** A server that answers each line with 64 bytes, and calls that an acceptance. */
const lines: Dialect = {
  name: 'lines',
  faces: [{ name: 'pipe', transport: 'tcp', port: 7230, answerFaults: {} }],
  create: (_host: Host): Emulator => ({
    accept(_face, connection) {
      connection.stream.on('data', () => {
        if (!connection.request()) return;
        connection.note({ event: 'upload-accept' });
        connection.stream.write(Buffer.alloc(ANSWER_BYTES, 65));
      });
      connection.stream.on('end', () => connection.stream.end());
    },
    close() {},
  }),
};

export interface ProbeStage {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly raw: RawClient;
  readonly address: string;
}

/** Runs one probe on a stage of either kind; tells what was seen and traced. */
export async function runProbe(
  { fault: spec, asks, until }: WireProbe,
  { clock, transport, raw, address }: ProbeStage,
): Promise<{ sees: readonly string[]; traced: readonly string[] }> {
  const recorder = new Recorder(clock);
  const emulator = lines.create({} as Host, {
    seats: {},
    forbidden: [],
    configuration: undefined as never,
  });
  const shim = new Shim({
    clock,
    recorder,
    transport,
    faces: lines.faces,
    emulator: () => emulator,
  });
  const endpoint = { server: 'alpha', face: 'pipe', client: 'raw', address, port: 7230 };
  try {
    // Armed before it listens.
    shim.down({
      kind: 'down',
      server: 'alpha',
      fault: spec,
      newOnly: false,
      until: { kind: 'up' },
    });
    await shim.open(endpoint);
    const connection = raw.connect(address, endpoint.port);
    if (asks && (await connection.until('connect'))) connection.send(REQUEST);
    await connection.until(until);
    const sees = [...connection.seen];
    connection.reset();
    const traced = recorder
      .events()
      .filter(({ face, event }) => face === 'pipe' && !['received', 'sent'].includes(event))
      .map(({ event }) => event)
      .filter((event) => event !== 'refused' && event !== 'unanswered');
    return { sees, traced };
  } finally {
    await shim.close();
  }
}
