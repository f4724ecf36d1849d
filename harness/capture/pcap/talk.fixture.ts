// One short session of a metering client, as packets, for the tests of the import.
import { encode, type Message } from '../../../emulators/metering/codec/index.ts';
import { CLIENT, SERVER, type Captured, type Spoken } from './capture.fixture.ts';
import { FLAG, tcpPacket } from './tcp-packet.ts';

const hello = (client: string): Message => ({
  type: 'hello',
  client,
  user: 'u',
  workstation: 'w',
  build: 'b',
  mode: 'online',
});
export const spokenBy = (client: string): Spoken[] => [
  { by: 'client', bytes: encode(hello(client), 1) },
  { by: 'server', bytes: encode({ type: 'welcome', serverTimeMs: 1, configurationVersion: 1 }, 1) },
  {
    by: 'client',
    bytes: encode({ type: 'request-use', program: 'a', originalName: '', version: '' }, 2),
  },
  { by: 'server', bytes: encode({ type: 'granted', lease: 'alpha-1' }, 2) },
];
export const TALK = spokenBy('ws1');
export const SAID = [
  'alpha.pipe connect',
  'alpha.pipe hello mode=online',
  'alpha.pipe lease-request program=a',
  'alpha.pipe lease-grant program=a lease=alpha-1',
  'alpha.pipe close by=client',
];
export const bytesBy = (by: Spoken['by'], talk = TALK): Buffer =>
  Buffer.concat(talk.filter((one) => one.by === by).map(({ bytes }) => bytes));
export const syn = (atUs: number, port: number, sequence = 1): Captured => ({
  atUs,
  frame: tcpPacket({
    from: { ...CLIENT, port },
    to: SERVER,
    sequence,
    acknowledgement: 0,
    flags: FLAG.syn,
  }),
});
export const rst = (atUs: number, port: number, sequence = 1): Captured => ({
  atUs,
  frame: tcpPacket({
    from: SERVER,
    to: { ...CLIENT, port },
    sequence: 0,
    acknowledgement: sequence + 1,
    flags: FLAG.rst | FLAG.ack,
  }),
});
