// The clocks of Node's HTTP server that lie out of JavaScript's reach: the dates of its answers, and how long a request may take.
import type { ProcessClock } from './clock.ts';
import type { HttpParser, ServerInternals } from './internals.ts';

/** To be called when `Date` is virtual. */
export function installHttpClock(
  clock: Pick<ProcessClock, 'caseMs'>,
  { dates, parsers, onMessageBegin, connections }: ServerInternals,
): void {
  dates.utcDate = () => new Date().toUTCString();
  /** Case time at which a connection, or the message on it, began. */
  const begun = new WeakMap<HttpParser, number>();
  const begin = (parser: HttpParser) => void begun.set(parser, clock.caseMs);
  const { initialize } = parsers;
  parsers.initialize = function (...args) {
    begin(this);
    return Reflect.apply(initialize, this, args);
  };
  Object.assign(parsers, {
    [onMessageBegin](this: HttpParser) {
      begin(this);
    },
  });
  connections.expired = function (headersMs, requestMs) {
    return this.active().filter((parser) => {
      const tookMs = clock.caseMs - (begun.get(parser) ?? Infinity);
      const isOver =
        (requestMs > 0 && tookMs > requestMs) ||
        (headersMs > 0 && tookMs > headersMs && parser.incoming === null);
      // Told once.
      if (isOver) begun.delete(parser);
      return isOver;
    });
  };
}
