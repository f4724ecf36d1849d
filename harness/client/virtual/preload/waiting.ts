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
  Object.defineProperty(Atomics, 'wait', { value: wait, configurable: true, writable: true });
  if ('waitAsync' in Atomics)
    Object.defineProperty(Atomics, 'waitAsync', {
      value: () => escape('Atomics.waitAsync'),
      configurable: true,
      writable: true,
    });
}
