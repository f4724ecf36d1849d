import { define } from './clock.ts';

/** What a short case holds weakly, several a request; and no more than memory bears in a long one. */
const KEPT = 1_024;

/**
 * When memory is cleared is the machine's affair, and would show: undici holds the TLS sessions weakly that it resumes. So what
 * was last held weakly is kept, as a machine with more memory keeps it.
 */
export function installWeak(): void {
  const kept: unknown[] = [];
  let count = 0;
  const keep = (target: unknown) => void (kept[count++ % KEPT] = target);
  const reference = new Proxy(WeakRef, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget) as object;
      keep(args[0]);
      return made;
    },
  });
  define(globalThis, 'WeakRef', reference);
  define(WeakRef.prototype, 'constructor', reference);
  const { prototype } = FinalizationRegistry;
  const register = prototype.register;
  define(prototype, 'register', function (this: unknown, ...args: Parameters<typeof register>) {
    register.apply(this as FinalizationRegistry<unknown>, args);
    keep(args[0]);
  });
}
