// One suite for both transports: what a raw client sees of each wire fault must be the same on real sockets and on the virtual network.
import type { Dialect, Emulator, Host } from '../../emulators/emulator.ts';
import type { FaultSpec } from '../case/plan.ts';
import type { Clock } from '../clock/clock.ts';
import { Recorder } from '../trace/recorder.ts';
import type { RawClient, RawConnection } from './raw-client.fixture.ts';
import { Shim } from './shim.ts';
import type { Transport } from './transport.ts';

export const ANSWER_BYTES = 64;
const REQUEST = Buffer.from('please\n');

/**
 * One thing that a probe does: the fault begins or ends, the client connects, or sends its request, or waits for a word
 * (`data(64)`, `reset`, `silence` …).
 */
export type ProbeStep = 'down' | 'up' | 'connect' | 'ask' | { readonly until: string };

/** What is done, and what the raw client must have seen at the end; alternatives where real networks may order two things. */
export interface WireProbe {
  readonly about: string;
  readonly fault: FaultSpec;
  readonly steps: readonly ProbeStep[];
  readonly sees: readonly (readonly string[])[];
  /** Events on the server's face, raw bytes and attempts left out. */
  readonly traced: readonly string[];
}

const fault = (name: string, args: Record<string, string> = {}): FaultSpec => ({ name, args });
const until = (word: string): ProbeStep => ({ until: word });
const answer = `data(${ANSWER_BYTES})`;

/** The fault is there before the server listens; the client connects and waits. */
const connects = (word: string): readonly ProbeStep[] => ['down', 'connect', until(word)];
/** The same, and the client asks once it is connected. */
const asks = (word: string): readonly ProbeStep[] => [
  'down',
  'connect',
  until('connect'),
  'ask',
  until(word),
];
/** The client has got an answer before. */
const ESTABLISHED: readonly ProbeStep[] = [
  'connect',
  until('connect'),
  'ask',
  until(answer),
  'down',
];

export const WIRE_PROBES: readonly WireProbe[] = [
  {
    about: 'refuse',
    fault: fault('refuse'),
    steps: connects('refused'),
    sees: [['refused']],
    traced: [],
  },
  {
    about: 'refuse resets what is established',
    fault: fault('refuse'),
    steps: [...ESTABLISHED, until('reset')],
    sees: [['connect', answer, 'reset']],
    traced: ['connect', 'upload-accept', 'reset'],
  },
  {
    about: 'reset',
    fault: fault('reset'),
    steps: connects('reset'),
    // An RST right after the accept can overtake the news of the connection on a real machine.
    sees: [['connect', 'reset'], ['reset']],
    traced: ['connect', 'reset'],
  },
  {
    about: 'reset-after-request',
    fault: fault('reset-after-request'),
    steps: asks('reset'),
    sees: [['connect', 'reset']],
    traced: ['connect', 'reset'],
  },
  {
    about: 'black-hole',
    fault: fault('black-hole'),
    steps: connects('silence'),
    sees: [['silence']],
    traced: [],
  },
  {
    about: 'half-open to a new connection',
    fault: fault('half-open'),
    steps: connects('silence'),
    sees: [['silence']],
    traced: [],
  },
  {
    about: 'half-open to a client that asks: silence, and on return an RST',
    fault: fault('half-open'),
    steps: [...ESTABLISHED, 'ask', until('silence'), 'up', until('reset')],
    sees: [['connect', answer, 'silence', 'reset']],
    traced: ['connect', 'upload-accept', 'swallowed', 'reset'],
  },
  {
    about: 'half-open to a client that waits: after the return an RST to its next byte',
    fault: fault('half-open'),
    steps: [...ESTABLISHED, until('silence'), 'up', 'ask', until('reset')],
    sees: [['connect', answer, 'silence', 'reset']],
    traced: ['connect', 'upload-accept', 'swallowed', 'reset'],
  },
  {
    about: 'hang',
    fault: fault('hang'),
    steps: asks('silence'),
    sees: [['connect', 'silence']],
    traced: ['connect', 'swallowed'],
  },
  {
    about: 'cut with a FIN',
    fault: fault('cut', { bytes: '20', with: 'fin' }),
    steps: asks('fin'),
    sees: [['connect', 'data(20)', 'fin']],
    traced: ['connect', 'upload-accept', 'answer-lost', 'close'],
  },
  {
    about: 'cut with an RST',
    fault: fault('cut', { bytes: '20', with: 'rst' }),
    steps: asks('reset'),
    // An RST may also throw away what the client had not read yet.
    sees: [
      ['connect', 'data(20)', 'reset'],
      ['connect', 'reset'],
    ],
    traced: ['connect', 'upload-accept', 'answer-lost', 'reset'],
  },
  {
    about: 'lost-ack',
    fault: fault('lost-ack'),
    steps: asks('silence'),
    sees: [['connect', 'silence']],
    traced: ['connect', 'upload-accept', 'answer-lost'],
  },
  {
    about: 'slow by its latency',
    fault: fault('slow', { latency: '200ms' }),
    steps: asks(answer),
    sees: [['connect', answer]],
    traced: ['connect', 'upload-accept'],
  },
  {
    about: 'slow by its rate',
    fault: fault('slow', { rate: '256' }),
    steps: asks(answer),
    sees: [['connect', answer]],
    traced: ['connect', 'upload-accept'],
  },
  {
    about: 'duplicate',
    fault: fault('duplicate'),
    steps: asks(`data(${2 * ANSWER_BYTES})`),
    sees: [['connect', `data(${2 * ANSWER_BYTES})`]],
    traced: ['connect', 'upload-accept'],
  },
  {
    about: 'garbage',
    fault: fault('garbage'),
    steps: asks(answer),
    sees: [['connect', answer]],
    traced: ['connect', 'upload-accept', 'garbled'],
  },
];

/** A server that answers each line with 64 bytes, and calls that an acceptance. */
export const LINES: Dialect = {
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
  /** Default 7230. */
  readonly port?: number;
}

/** Runs one probe on a stage of either kind; tells what was seen and traced. */
export async function runProbe(
  { fault: spec, steps }: WireProbe,
  { clock, transport, raw, address, port = 7230 }: ProbeStage,
): Promise<{ sees: readonly string[]; traced: readonly string[] }> {
  const recorder = new Recorder(clock);
  const emulator = LINES.create({} as Host, {
    seats: {},
    forbidden: [],
    configuration: undefined as never,
  });
  const shim = new Shim({
    clock,
    recorder,
    transport,
    faces: LINES.faces,
    emulator: () => emulator,
  });
  const endpoint = { server: 'alpha', face: 'pipe', client: 'raw', address, port };
  let connection: RawConnection | undefined;
  const take = async (step: ProbeStep): Promise<void> => {
    if (step === 'down')
      shim.down({
        kind: 'down',
        server: 'alpha',
        fault: spec,
        newOnly: false,
        until: { kind: 'up' },
      });
    else if (step === 'up') shim.up('alpha');
    else if (step === 'connect') connection = raw.connect(address, endpoint.port);
    else if (step === 'ask') connection?.send(REQUEST);
    else await connection?.until(step.until);
    await shim.settled();
  };
  try {
    // What begins the probe is armed before the server listens.
    if (steps[0] === 'down') await take('down');
    await shim.open(endpoint);
    for (const step of steps.slice(steps[0] === 'down' ? 1 : 0)) await take(step);
    const sees = [...(connection?.seen ?? [])];
    connection?.reset();
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
