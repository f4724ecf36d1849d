import type { Emulator, Host } from '../../emulators/emulator.ts';
import type { Action } from '../case/plan.ts';
import { formatDuration, toMs } from '../clock/duration.ts';
import type { Shim } from '../shim/shim.ts';
import type { FieldValue } from '../trace/event.ts';
import type { Recorder } from '../trace/recorder.ts';

export type StateAction = Extract<Action, { kind: 'restart' | 'clock-skew' | 'seats' }>;

/** One emulated server of a case: what the play does to its state. */
export class ServerControl {
  readonly name: string;
  readonly emulator: Emulator;
  readonly #shim: Shim;
  readonly #recorder: Recorder;
  #skewMs = 0;

  /** `create` makes the emulator on a host whose clock this control may set. */
  constructor(host: Host, create: (host: Host) => Emulator, shim: Shim, recorder: Recorder) {
    this.name = host.server;
    this.#shim = shim;
    this.#recorder = recorder;
    this.emulator = create({ ...host, wallMs: () => host.wallMs() + this.#skewMs });
  }

  take(action: StateAction): void {
    switch (action.kind) {
      case 'restart':
        this.#record('restart', { state: action.state });
        this.#shim.restart(this.name);
        this.emulator.command?.(action);
        break;
      case 'clock-skew':
        this.#record('clock-skew', { by: formatDuration(action.by) });
        this.#skewMs += toMs(action.by);
        break;
      case 'seats':
        this.#record('seats', { program: action.program, seats: action.seats });
        this.emulator.command?.(action);
    }
  }

  #record(event: string, fields: Record<string, FieldValue>): void {
    this.#recorder.record({ actor: this.name, event, fields });
  }
}
