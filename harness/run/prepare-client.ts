import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientPlan } from '../case/plan.ts';
import {
  configureClient,
  type ClientConfiguration,
  type ServerAddress,
} from '../client/configuration.ts';
import type { LaunchSpec } from '../client/process.ts';
import { commandOf, usesCfg, type ResolvedClient } from '../client/profile.ts';
import { expandTemplate } from '../client/template.ts';

export interface Prepared {
  readonly configuration: ClientConfiguration;
  /** The hooks of a black-box client with their templates filled in, by the name of the command. */
  readonly hooks: ReadonlyMap<string, readonly string[]>;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** The file that takes new records, where the profile names it. */
  readonly spoolFile: string | undefined;
  launchSpec(run: number): LaunchSpec;
}

/** Makes the work folder of one client with everything in it that the contract promises. */
export function prepareClient(
  client: ResolvedClient,
  plan: ClientPlan,
  number: number,
  servers: readonly ServerAddress[],
  divisor: number,
  folder: string,
  /** Where TLS is terminated: who has signed for the servers. */
  authority?: { readonly cert: string },
): Prepared {
  const paths = {
    config: join(folder, 'client.json'),
    cfg: join(folder, 'LICMTR.CFG'),
    data: join(folder, 'data'),
    ...(authority && { ca: join(folder, 'ca.pem') }),
  };
  const configuration = configureClient({
    client: plan,
    number,
    servers,
    divisor,
    usesCfg: usesCfg(client),
    paths,
  });
  mkdirSync(paths.data, { recursive: true });
  // Names made of process ids and random numbers are the same in each virtual run: in a folder of all they would meet.
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  if (authority && paths.ca !== undefined) writeFileSync(paths.ca, authority.cert);
  writeFileSync(paths.config, configuration.json);
  writeFileSync(paths.cfg, configuration.cfg, 'latin1');
  const fill = (words: readonly string[], templates = configuration.templates) =>
    words.map((word) => expandTemplate(word, templates));
  // What a hook is about is known when it is run.
  const hookTemplates = new Map([
    ...configuration.templates,
    ['program', '{program}'],
    ['argument', '{argument}'],
  ]);
  const command = fill(commandOf(client));
  const env = { ...inherited(), TMPDIR: temporary, ...configuration.env };
  return {
    configuration,
    hooks: new Map(
      Object.entries(client.profile.hooks).map(([name, words]) => [
        name,
        fill(words, hookTemplates),
      ]),
    ),
    env,
    folder,
    spoolFile:
      client.profile.spool === undefined ? undefined : join(paths.data, client.profile.spool),
    launchSpec: (run) => ({
      command: command[0] === 'node' ? [process.execPath, ...command.slice(1)] : command,
      env,
      folder,
      client: plan.name,
      run,
      realPids: Object.keys(client.profile.hooks).length > 0,
    }),
  };
}

/** Our environment without our own variables: a client never learns what it is tested for. */
export function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(METERPROOF_|npm_)/.test(entry[0]),
    ),
  );
}
