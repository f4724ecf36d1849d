import Module from 'node:module';

/**
 * `Atomics.wait` with a time-out is how synchronous programs sleep. Nobody can wake them: there is no other thread.
 * `sleep` takes milliseconds.
 */
export function installWaiting(sleep: (ms: number) => void, escape: (what: string) => never): void {
  const wait = (
    array: Int32Array | BigInt64Array,
    index: number,
    value: number | bigint,
    timeoutMs = Infinity,
  ): 'not-equal' | 'timed-out' => {
    // `Atomics.load` checks the arguments as `wait` does.
    if (Atomics.load(array as Int32Array, index) !== value) return 'not-equal';
    sleep(Math.max(0, Number.isNaN(timeoutMs) ? Infinity : timeoutMs));
    return 'timed-out';
  };
  const real = { wait: Atomics.wait, waitAsync: (Atomics as { waitAsync?: unknown }).waitAsync };
  const ours = { wait, waitAsync: () => escape('Atomics.waitAsync') };
  put(ours);
  const { register } = Module;
  if (register as unknown)
    Module.register = (...args: unknown[]) => {
      // Node 20 takes these two at the first call, to wait with them for the thread of its loader, which lives in real time.
      put(real);
      try {
        return Reflect.apply(register, Module, args) as void;
      } finally {
        put(ours);
      }
    };
}

function put(functions: Readonly<Record<'wait' | 'waitAsync', unknown>>): void {
  for (const [name, value] of Object.entries(functions))
    if (name in Atomics)
      Object.defineProperty(Atomics, name, { value, configurable: true, writable: true });
}
