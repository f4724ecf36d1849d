import type { ProcessClock } from './clock.ts';

/** A formatter that is given no date takes the time of the system, past `Date`: gives it ours. */
export function installIntl(clock: Pick<ProcessClock, 'wallMs'>): void {
  const { prototype } = Intl.DateTimeFormat;
  const now = () => Math.floor(clock.wallMs());
  const realFormat = Object.getOwnPropertyDescriptor(prototype, 'format')!.get!;
  type Format = Intl.DateTimeFormat['format'];
  /** The same function each time it is asked for. */
  const formats = new WeakMap<Format, Format>();
  Object.defineProperty(prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const real = realFormat.call(this) as Format;
      const known = formats.get(real);
      if (known) return known;
      const format: Format = (date) => real(date === undefined ? now() : date);
      formats.set(real, format);
      return format;
    },
    configurable: true,
  });
  const realParts = prototype.formatToParts;
  Object.defineProperty(prototype, 'formatToParts', {
    value(this: Intl.DateTimeFormat, date?: Date | number) {
      return realParts.call(this, date === undefined ? now() : date);
    },
    configurable: true,
    writable: true,
  });
  installTemporal(() => clock.wallMs());
}

interface ZonedDateTime {
  toPlainDateTime(): object;
  toPlainDate(): object;
  toPlainTime(): object;
}

/** `Temporal`, as far as it tells the time. Node has it from 26 on. */
interface TemporalLike {
  readonly Instant: {
    fromEpochNanoseconds(nanos: bigint): { toZonedDateTimeISO(zone: unknown): ZonedDateTime };
  };
  readonly Now: { timeZoneId(): string };
}

function installTemporal(wallMs: () => number): void {
  const { Temporal } = globalThis as { Temporal?: TemporalLike };
  if (!Temporal) return;
  const { Instant, Now } = Temporal;
  const instant = () => Instant.fromEpochNanoseconds(BigInt(Math.floor(wallMs() * 1_000)) * 1_000n);
  const zoned = (zone: unknown = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
  const ours = {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: unknown) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone?: unknown) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: unknown) => zoned(zone).toPlainTime(),
  };
  for (const [name, value] of Object.entries(ours))
    Object.defineProperty(Now, name, { value, configurable: true, writable: true });
}
