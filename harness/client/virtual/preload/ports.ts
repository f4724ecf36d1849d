// Message ports whose both ends are in one thread: what is posted is there at once, in no time. Other threads there are none.
import threads from 'node:worker_threads';

type Port = threads.MessagePort & { hasRef(): boolean };
type Method = (this: Port, ...args: unknown[]) => unknown;

export class MessagePorts {
  readonly #refd = new Set<Port>();
  readonly #real: Record<'ref' | 'unref' | 'hasRef', Method>;
  #touched = false;
  /** True once something was posted: only then can anything come from a port. */
  areUsed = false;

  constructor() {
    const { ref, unref, hasRef } = threads.MessagePort.prototype as unknown as Record<
      'ref' | 'unref' | 'hasRef',
      Method
    >;
    this.#real = { ref, unref, hasRef };
  }

  /** True when something was posted, begun or closed since: only the next round of the loop sees it. */
  takeTouched(): boolean {
    const touched = this.#touched;
    this.#touched = false;
    return touched;
  }

  /** True while, without us, a port would keep the event loop alive. */
  keepAlive(): boolean {
    for (const port of this.#refd)
      if (this.#isOpen(port)) return true;
      else this.#refd.delete(port);
    return false;
  }

  install(): void {
    const { prototype } = threads.MessagePort as unknown as {
      prototype: Record<string, Method>;
    };
    const [refd, real] = [this.#refd, this.#real];
    const touch = () => void (this.#touched = this.areUsed = true);
    const isOpen = (port: Port) => this.#isOpen(port);
    for (const name of ['postMessage', 'start', 'close']) {
      const act = prototype[name]!;
      prototype[name] = function (...args) {
        touch();
        return act.apply(this, args);
      };
    }
    Object.assign(prototype, {
      ref(this: Port) {
        touch();
        refd.add(this);
        real.unref.call(this);
      },
      unref(this: Port) {
        refd.delete(this);
        real.unref.call(this);
      },
      hasRef(this: Port) {
        return refd.has(this) && isOpen(this);
      },
    });
    const broadcast = withRef(threads.BroadcastChannel);
    Object.assign(threads, { BroadcastChannel: broadcast });
    globalThis.BroadcastChannel = broadcast;
  }

  /** A port has no other way to say that it was closed, or sent away. */
  #isOpen(port: Port): boolean {
    const { ref, unref, hasRef } = this.#real;
    ref.call(port);
    const isOpen = hasRef.call(port) === true;
    unref.call(port);
    return isOpen;
  }
}

/** Its port is born with a reference that nobody asked for. */
function withRef<Class extends new (name: string) => { ref(): unknown }>(real: Class): Class {
  return new Proxy(real, {
    construct(target, args, newTarget) {
      const channel = Reflect.construct(target, args, newTarget) as InstanceType<Class>;
      channel.ref();
      return channel;
    },
  });
}
