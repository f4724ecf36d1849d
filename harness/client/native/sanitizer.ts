type Environment = Readonly<Record<string, string | undefined>>;

const also = (own: string | undefined, option: string): string =>
  [own, option].filter(Boolean).join(':');

/**
 * To be put over the environment of a program that preloads something: one that is built with AddressSanitizer (GCC's) refuses to
 * start behind another library, unless it is told not to look.
 */
export function sanitizerOptions(env: Environment): { readonly ASAN_OPTIONS: string } {
  return { ASAN_OPTIONS: also(env['ASAN_OPTIONS'], 'verify_asan_link_order=0') };
}

/** The same, for virtual time: to look for leaks a program stops its own threads from outside, and none of them has its turn then. */
export function withoutLeaks(env: Environment): Readonly<Record<string, string>> {
  const option = 'detect_leaks=0';
  return {
    ASAN_OPTIONS: also(sanitizerOptions(env).ASAN_OPTIONS, option),
    LSAN_OPTIONS: also(env['LSAN_OPTIONS'], option),
  };
}
