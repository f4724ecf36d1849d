import t from 'tap';
import type { Host, ServerCommand } from '../../emulators/emulator.ts';
import { HOUR, MINUTE } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { Shim } from '../shim/shim.ts';
import { formatEvent } from '../trace/format.ts';
import { Recorder } from '../trace/recorder.ts';
import { ServerControl } from './server-control.ts';

t.test(
  'a server is started anew, its clock is set, its licences are changed: all of it is traced',
  (t) => {
    const clock = new VirtualClock(1_000_000);
    const recorder = new Recorder(clock);
    const done: unknown[] = [];
    let own: Host | undefined;
    const host = { server: 'alpha', wallMs: () => clock.wallMs() } as Host;
    const create = (lent: Host) => {
      own = lent;
      return {
        accept: () => {},
        command: ({ kind }: ServerCommand) => void done.push(kind),
        close: () => {},
      };
    };
    const shim = {
      restart: (server: string) => void done.push(`reset ${server}`),
    } as unknown as Shim;
    const control = new ServerControl(host, create, shim, recorder);
    control.take({ kind: 'clock-skew', server: 'alpha', by: HOUR });
    control.take({ kind: 'clock-skew', server: 'alpha', by: -MINUTE });
    t.equal(own?.wallMs(), 1_000_000 + 59 * 60_000);
    control.take({ kind: 'restart', server: 'alpha', state: 'lost' });
    control.take({ kind: 'seats', server: 'alpha', program: 'word.exe', seats: 0 });
    t.same(done, ['reset alpha', 'restart', 'seats'], 'connections first');
    t.same(
      recorder.events().map((event) => formatEvent(event).trim().replaceAll(/\s+/g, ' ')),
      [
        '0s alpha clock-skew by=1h',
        '0s alpha clock-skew by=-1m',
        '0s alpha restart state=lost',
        '0s alpha seats program=word.exe seats=0',
      ],
    );
    t.end();
  },
);
