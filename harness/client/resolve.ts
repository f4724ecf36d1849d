// From what stands after --client to a client that can be started: everything is checked before anything is played.
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { suggest } from '../case/nearest.ts';
import { errorText } from './error-text.ts';
import { packageRoot } from './package-root.ts';
import { COMMON_ABILITIES, TIME_MODES } from './profile-schema.ts';
import { parseProfile, type Profile, ProfileError, type ResolvedClient } from './profile.ts';
import { templatesIn } from './template.ts';
import { splitWords } from './words.ts';

/** What an interpreter is given first: it would look for it in the work folder, and complain of a path that nobody has named. */
const SCRIPT = /\.(?:[cm]?[jt]s|py|rb|pl|sh|jar)$/;

export interface ResolveOptions {
  /** What relative paths on the command line start from. */
  readonly cwd: string;
  /** `PATH`. */
  readonly searchPath: string;
  /** Folder of the shipped profiles; default `clients/profiles` of this package. */
  readonly profilesFolder?: string;
}

/**
 * `reference`, `reference:rtm` (a build), `reference:hasty-switch` (one bug), `./my.yaml`, `./my.yaml:build`, or a command
 * line such as `"python3 client.py"`, which is a driven client. Throws a ProfileError with a remedy.
 */
export function resolveClient(spec: string, options: ResolveOptions): ResolvedClient {
  const folder = options.profilesFolder ?? join(packageRoot(), 'clients', 'profiles');
  const shipped = shippedProfiles(folder);
  const [head, build] = splitBuild(spec);
  let profile: Profile;
  if (shipped.includes(head)) profile = readProfile(join(folder, `${head}.yaml`), options);
  else if (/\.ya?ml$/.test(head)) profile = readProfile(resolve(options.cwd, head), options);
  else return { spec, profile: commandProfile(spec, shipped, options), bugs: [] };

  if (build === undefined) return { spec, profile, bugs: [] };
  const bugs = Object.hasOwn(profile.builds, build) ? profile.builds[build] : undefined;
  if (bugs) return { spec, profile, build, bugs };
  const together = build.split('+');
  if (together.every((bug) => profile.bugs.includes(bug))) return { spec, profile, bugs: together };
  const known = [...Object.keys(profile.builds), ...profile.bugs];
  throw new ProfileError(
    `client ${head} has no build or bug "${build}"; ${suggest(build, known, 'builds and bugs')}`,
  );
}

/** Names of the profiles that come with Meterproof. */
function shippedProfiles(folder = join(packageRoot(), 'clients', 'profiles')): readonly string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => basename(file, '.yaml')).toSorted();
}

/** A shipped profile without a look at what it starts. */
export function shippedProfile(
  name: string,
  folder = join(packageRoot(), 'clients', 'profiles'),
): Profile {
  const path = join(folder, `${name}.yaml`);
  return parseProfile(readFileSync(path, 'utf8'), path, folder);
}

function splitBuild(spec: string): [head: string, build?: string] {
  const match = /^(?<head>[a-z0-9-]+|\S.*\.ya?ml):(?<build>[^:/\\]*)$/i.exec(spec);
  return match ? [match.groups!['head']!, match.groups!['build']!] : [spec];
}

function readProfile(path: string, options: ResolveOptions): Profile {
  const shown = shownPath(path, options.cwd);
  let text: string;
  try {
    const stat = statSync(path);
    if (!stat.isFile() && !stat.isDirectory())
      throw new ProfileError(`the profile ${shown} is no plain file`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ProfileError) throw error;
    throw new ProfileError(
      `the profile ${shown} cannot be read (${errorText(error)}); is its path right?`,
    );
  }
  const here = dirname(path);
  refuseTemplates(here);
  const profile = parseProfile(text, shown, here);
  checkScript(profile.command, here, shown);
  const inPlace = ([program, ...rest]: readonly string[]): string[] => [
    findProgram(program!, here, options, shown),
    ...rest,
  ];
  return {
    ...profile,
    command: inPlace(profile.command),
    upstreamCommands: Object.fromEntries(
      Object.entries(profile.upstreamCommands).map(([server, { command, tls }]) => {
        checkScript(command, here, shown);
        return [server, { command: inPlace(command), tls }];
      }),
    ),
    hooks: Object.fromEntries(
      Object.entries(profile.hooks).map(([hook, words]) => [hook, inPlace(words)]),
    ),
  };
}

/** The script of an interpreter: the word right after it, if that is no option. A client runs in its work folder, not here. */
function checkScript([program, script]: readonly string[], here: string, shown: string): void {
  if (script === undefined || script.startsWith('-')) return;
  if (!(program === 'node' || script.startsWith(here))) return;
  if (!isAbsolute(script) && !script.startsWith('{'))
    throw new ProfileError(
      `${shown}: the script ${script} would be looked for in the work folder; write "{here}/${script}"`,
    );
  if (isAbsolute(script) && !existsSync(script))
    throw new ProfileError(
      `${shown}: the script ${resolve(script)} does not exist; ${buildRemedy(script)}`,
    );
}

/** A command line in place of a profile. Words that name a file here are made absolute: the client runs elsewhere. */
function commandProfile(
  line: string,
  shipped: readonly string[],
  options: ResolveOptions,
): Profile {
  let words: string[];
  try {
    words = splitWords(line);
  } catch (error) {
    throw new ProfileError(`--client: ${errorText(error)}`);
  }
  const [program, ...rest] = words;
  if (program === undefined) throw new ProfileError('--client is empty');
  const found =
    rest.length > 0 || program.includes('/')
      ? findProgram(program, options.cwd, options, '--client')
      : onSearchPath(program, options);
  if (found === undefined)
    throw new ProfileError(
      `there is no client "${program}"; ${suggest(program, shipped, 'clients')} ` +
        'A profile is named by its path (./my.yaml), a command in quotes ("python3 client.py").',
    );
  const [script] = rest;
  if (
    script &&
    !/^-|\{/.test(script) &&
    (program === 'node' || (!program.includes('/') && SCRIPT.test(script))) &&
    !existsSync(resolve(options.cwd, script))
  )
    throw new ProfileError(`--client: the script ${script} does not exist; is its path right?`);
  const inPlace = rest.map((word) => {
    const path = resolve(options.cwd, word);
    if (word === '' || !isFile(path)) return word;
    refuseTemplates(path);
    return path;
  });
  return {
    name: line,
    command: [found, ...inPlace],
    tier: 'driven',
    protocol: 'metering',
    network: 'ipv4',
    upstreams: {},
    upstreamCommands: {},
    annotations: [],
    time: TIME_MODES,
    abilities: COMMON_ABILITIES,
    builds: {},
    bugs: [],
    bugsArgument: [],
    hooks: {},
    pins: [],
    knownFailures: [],
  };
}

/** A path that stands among the words of a command: what is in braces would be read as a name that the run knows. */
function refuseTemplates(path: string): void {
  const [name] = templatesIn(path);
  if (name !== undefined)
    throw new ProfileError(
      `{${name}} in ${path} would be read as a template: give that folder a name without braces`,
    );
}

function findProgram(
  program: string,
  base: string,
  options: ResolveOptions,
  where: string,
): string {
  if (program === 'node') return process.execPath;
  if (program.includes('{'))
    throw new ProfileError(`${where}: the program itself cannot be a template: ${program}`);
  if (!program.includes('/')) {
    const found = onSearchPath(program, options);
    if (found !== undefined) return found;
    throw new ProfileError(
      `${where}: there is no program "${program}" on the PATH; install it, or name it by its path (./${program})`,
    );
  }
  const path = resolve(base, program);
  refuseTemplates(path);
  if (!existsSync(path))
    throw new ProfileError(`${where}: the program ${path} does not exist; ${buildRemedy(path)}`);
  if (!isExecutable(path))
    throw new ProfileError(
      `${where}: ${path} cannot be executed; chmod +x it, or name its interpreter first`,
    );
  return path;
}

function onSearchPath(program: string, { searchPath }: ResolveOptions): string | undefined {
  if (program === 'node') return process.execPath;
  const folders = searchPath.split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function buildRemedy(path: string): string {
  const dist = relative(packageRoot(), resolve(path)).startsWith('dist');
  return dist ? 'it is built by: npm run build' : 'is its path right?';
}

/** False as well where nobody may look: a PATH may name folders of somebody else. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  if (!isFile(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
