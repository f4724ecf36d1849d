import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { VirtualClock } from '../../clock/virtual.ts';
import { VirtualNetwork } from '../../shim/transport-virtual.ts';
import { Patience } from '../patience.ts';
import type { ClientTurn, Welcome } from './link.ts';
import { NodeLink } from './node-link.ts';
import { NodeTree } from './node-tree.ts';

/** No process has it, so that nobody can tell whether it is stuck. */
const NO_PID = 2 ** 30;
const WELCOME: Welcome = {
  epochMs: 0,
  wallOffsetMs: 0,
  nowMs: 0,
  seed: 1,
  pid: 1,
  ppid: 1,
  first: true,
  realStartMs: 0,
};

/** A process that answers as it is told. */
class Scripted {
  readonly link: NodeLink;
  readonly #socket = Object.assign(new EventEmitter(), { destroyed: false });
  heard = 0;

  constructor(pid: number, stirred: () => void, answer: (heard: number, it: Scripted) => void) {
    const write = () => {
      this.heard++;
      setImmediate(answer, this.heard, this);
      return true;
    };
    const socket = Object.assign(this.#socket, { write, destroy() {} }) as unknown as Socket;
    const listener = { joined() {}, stirred, askedPid: () => ({ pid }) };
    this.link = new NodeLink(socket, { hello: 'v', run: 'r', pid, ppid: 1 }, '', listener);
  }

  say(turn: Partial<ClientTurn>): void {
    const whole = { ops: [], nowMs: 0, nextMs: null, alive: true, ...turn };
    this.#socket.emit('data', `${JSON.stringify(whole)}\n`);
  }
}

t.test(
  'a process is asked again when a relative did something while it was being heard',
  async (t) => {
    const clock = new VirtualClock(0);
    const patience = new Patience({
      stallMs: 5_000,
      givesUp: () => false,
      stalled: (held) => {
        throw new Error(held);
      },
    });
    const tree = new NodeTree({
      clock,
      network: new VirtualNetwork(clock),
      patience,
      welcome: () => WELCOME,
      freeUntil: () => undefined,
      escaped: (what) => {
        throw new Error(what);
      },
      wrote() {},
    });
    const seen: string[] = [];
    // Stands in a synchronous child when it has begun; goes on when its relative has looked, and then writes to it.
    const parent = new Scripted(NO_PID, patience.wake, (heard, it) => {
      if (heard === 1) return it.say({ blocked: true });
      seen.push('parent writes');
      it.say({ stirred: true });
      // Looked before that was written, and is heard after it.
      child.say({});
    });
    const child: Scripted = new Scripted(NO_PID + 1, patience.wake, (heard, it) => {
      if (heard === 1) return it.say({});
      seen.push('child looks');
      if (heard === 2) parent.say({ nextMs: 0 });
      else it.say(heard === 3 ? { stirred: true } : {});
    });
    tree.join(parent.link, 0);
    tree.join(child.link, 1);
    await tree.run(parent.link);
    await tree.run(child.link);
    await tree.settle();
    t.same(seen.slice(0, 3), ['child looks', 'parent writes', 'child looks']);
  },
);
