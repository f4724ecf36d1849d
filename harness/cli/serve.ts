import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Plan } from '../case/plan.ts';
import { errorText } from '../client/error-text.ts';
import { DIALECTS } from '../dialects.ts';
import { choosePorts } from '../record/face-spec.ts';
import { inferPlan } from '../replay/infer-plan.ts';
import { serve } from '../run/serve.ts';
import { TransportError } from '../shim/transport.ts';
import type { TraceHeader } from '../trace/event.ts';
import { formatEvent } from '../trace/format.ts';
import { addSuites, ANY, chosenCases } from './cases.ts';
import { type ExtensionOptions, type Extensions, loadExtensions } from './extensions.ts';
import { collect } from './options.ts';
import { type Surroundings, UsageError } from './surroundings.ts';

type ServeArguments = ExtensionOptions & {
  readonly case?: string;
  readonly server: readonly string[];
  readonly listen: string;
  readonly scale: number;
  readonly suites?: string;
};

const HELP = `
Examples:
  meterproof serve                                          alpha on its own ports of loopback
  meterproof serve --server alpha --server bravo
  meterproof serve --case offline/primary-refuses --scale 60     its downtimes as well, a minute of the case a second

What happens is printed as a trace; Ctrl-C ends it. Nothing is judged: for that there is meterproof run.
With --case, lines behind "now:" say what the case wants of its client: do it, or do something else. After its end the
servers stay up. A server for "meterproof record" to stand before, step by step: docs/record.md
`;

export function addServe(
  program: Command,
  surroundings: Surroundings,
  done: (status: number, endsByInterrupt?: boolean) => void,
): void {
  const command = program
    .command('serve')
    .description('play emulated servers on real ports, for a client that you start yourself')
    .option('--case <case>', 'play the servers and the downtimes of that case: its id, or its file')
    .addOption(
      new Option('--server <name>', 'the name of a server; once for each')
        .argParser(collect)
        .default([], 'alpha'),
    )
    .option('--listen <address>', 'the address of this machine where they are', '127.0.0.1')
    .option('--scale <n>', 'case time passes so many times as fast', readScale, 1);
  addSuites(command)
    .addHelpText('after', HELP)
    .action(async (options: ServeArguments) => {
      done(await serveServers(options, surroundings), true);
    });
}

async function serveServers(options: ServeArguments, surroundings: Surroundings): Promise<number> {
  const { cwd, write, writeError, signal } = surroundings;
  const extensions = await loadExtensions(options, cwd);
  const plan = planOf(options, extensions, surroundings);
  const dialect = extensions.own ?? DIALECTS[plan.dialect]!;
  if (dialect.opaque)
    throw new UsageError(`${dialect.name} has no servers of its own: start the real ones`);
  const { listen: address } = options;
  const anyPort: { readonly port: number | undefined } = { port: undefined };
  const wanted = plan.clients.flatMap(({ name: client }) =>
    plan.servers.flatMap((server) =>
      dialect.faces.map(({ name: face }) => ({ server, face, client, address, ...anyPort })),
    ),
  );
  const endpoints = await choosePorts(wanted, dialect.faces, 0).catch((error: unknown) => {
    throw new UsageError(`--listen: ${errorText(error)}`);
  });
  const several = plan.clients.length > 1;
  let isFlooded = false;
  const served = await serve({
    ...{ plan, dialect, endpoints, factor: options.scale },
    happened: (event) => {
      if (event.event === 'contract') isFlooded = true;
      write(`${formatEvent(event, { from: several })}\n`);
    },
    wanted: (text) => write(`now: ${text}\n`),
    problem: (text) => writeError(`meterproof: ${text}\n`),
  }).catch((error: unknown) => {
    throw error instanceof TransportError ? new UsageError(error.message) : error;
  });
  for (const { server, face, client, address: host, port } of endpoints)
    writeError(
      `${server}.${face}  ${host.includes(':') ? `[${host}]` : host}:${port}${several ? `  for ${client}` : ''}\n`,
    );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await served.close();
  return isFlooded ? 2 : 0;
}

function planOf(options: ServeArguments, extensions: Extensions, surroundings: Surroundings): Plan {
  const { server: servers, case: name } = options;
  if (name === undefined) {
    const plan = inferPlan({ header: NOBODY, events: [] }, 'serve');
    const dialect = extensions.own?.name ?? plan.dialect;
    return { ...plan, dialect, servers: servers.length > 0 ? [...new Set(servers)] : ['alpha'] };
  }
  if (servers.length > 0) throw new UsageError('--server: the case names its servers');
  const { suites } = options;
  const filters = { ...ANY, ...(suites !== undefined && { suites }) };
  const found = chosenCases([name], filters, surroundings, extensions);
  if (found.length > 1) throw new UsageError(`--case: ${name} is ${found.length} cases; name one`);
  return found[0]!;
}

const NOBODY: TraceHeader = {
  ...{ meterproof: 1, case: 'serve/none', client: 'none', time: 'real', seed: 0 },
  ...{ epoch: '2000-01-01T00:00:00.000Z', observer: 'none' },
};

function readScale(text: string): number {
  const scale = Number(text);
  if (Number.isSafeInteger(scale) && scale >= 1) return scale;
  throw new InvalidArgumentError('a whole number from 1 on.');
}
