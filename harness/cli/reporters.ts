import type { Reporter } from '../run/result.ts';
import type { ReporterName } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { consoleReporter } from '../report/console.ts';
import { jsonReporter } from '../report/json.ts';
import { tapReporter } from '../report/tap.ts';

export function reporterNamed(name: ReporterName, { write, isTerminal }: Surroundings): Reporter {
  if (name === 'tap') return tapReporter(write);
  if (name === 'json') return jsonReporter(write);
  return consoleReporter(write, { isTerminal });
}
