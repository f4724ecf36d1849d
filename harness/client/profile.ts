// A profile says how to start a client build and what it can do (docs/client-contract.md, section 8).
// Data, not code: text in, a checked value or every problem with its position out.
import { resolve } from 'node:path';
import type { z } from 'zod';
import { collect, formatProblem, type Problem, quote } from '../case/errors.ts';
import { suggest } from '../case/nearest.ts';
import type { Position } from '../case/plan.ts';
import { type Path, YamlFile } from '../case/yaml-file.ts';
import type { Annotation } from './annotate.ts';
import { A_POLICY, OPAQUE_POLICY, PHASES, type PolicyFile } from './policy-schema.ts';
import {
  COMMON_ABILITIES,
  type Ability,
  type Hook,
  HOOKS,
  type KnownFailureFile,
  type Network,
  PROFILE_KEYS,
  profileSchema,
  type Tier,
  TIME_MODES,
  type TimeMode,
} from './profile-schema.ts';
import { templatesIn } from './template.ts';
import type { UpstreamFile } from './ways-in-schema.ts';

export type { Ability, Hook, Tier, TimeMode };

export interface KnownFailure extends KnownFailureFile {
  /** Where it stands in the profile. */
  readonly position: Position;
}

/** The version of a rule by which this client is judged. */
export interface RulePin {
  readonly id: string;
  readonly version: number;
  readonly position: Position;
}

export interface Profile {
  readonly name: string;
  /** Program and arguments. `{here}` is filled in; the other templates are for the run. */
  readonly command: readonly string[];
  readonly tier: Tier;
  /** The dialect of its servers: `metering`, `opaque`, the name of another, or the absolute path of its module. */
  readonly protocol: string;
  /** Which addresses the servers have that it is given. */
  readonly network: Network;
  /** The real servers behind an opaque dialect, by the names that cases give them. */
  readonly upstreams: Readonly<Record<string, UpstreamFile & { readonly tls: boolean }>>;
  /** Those that we start ourselves, for each case anew: commands with the templates of `UPSTREAM_TEMPLATES`, and of where the client finds its servers. */
  readonly upstreamCommands: Readonly<
    Record<string, { readonly command: readonly string[]; readonly tls: boolean }>
  >;
  /** The client speaks TLS with us in place of its real servers. */
  readonly tls?: 'terminate';
  /** What the client states of its ways. */
  readonly policy?: PolicyFile;
  /** Semantic events from what an opaque client says of itself. */
  readonly annotations: readonly Annotation[];
  /** The preferred mode first. */
  readonly time: readonly TimeMode[];
  readonly abilities: readonly Ability[];
  /** Name of a field build → the bugs that it shows. */
  readonly builds: Readonly<Record<string, readonly string[]>>;
  /** Every bug that can be switched on alone: those of the builds, and more. */
  readonly bugs: readonly string[];
  /** Appended to the command where bugs are switched on; `{bugs}` is their list with commas. */
  readonly bugsArgument: readonly string[];
  /** Path, below the data folder, of the file that takes new records; absent: a case cannot make it unwritable. */
  readonly spool?: string;
  /** Black box only: commands, with templates, that do what a case wants done. */
  readonly hooks: Readonly<Partial<Record<Hook, readonly string[]>>>;
  readonly pins: readonly RulePin[];
  readonly knownFailures: readonly KnownFailure[];
}

/** What `--client` came to. */
export interface ResolvedClient {
  /** As the user wrote it. */
  readonly spec: string;
  readonly profile: Profile;
  readonly build?: string;
  /** Bugs that are switched on. */
  readonly bugs: readonly string[];
}

/** Everything that is wrong with a profile, or with what `--client` names; one line a problem. */
export class ProfileError extends Error {
  override name = 'ProfileError';
}

/** Templates of section 2 of the contract; `{server.NAME.FACE}` besides. */
const TEMPLATES: readonly string[] = (
  'config cfg data client user workstation mode servers attempts retryDelayMs pollingIntervalMs ' +
  'liveStatusIntervalMs connectTimeoutMs answerTimeoutMs here'
).split(' ');
const SERVER_TEMPLATE = /^server\.[a-z][a-z0-9-]*\.[a-z]+(?:\.(?:host|port))?$/;
/** What the command of a real server is told. */
const UPSTREAM_TEMPLATES: readonly string[] = ['host', 'port', 'server', 'folder', 'here'];
const OPAQUE_KEYS: Readonly<Record<string, string>> = {
  servers:
    'add servers: { alpha: { upstream: 127.0.0.1:1883 }, bravo: { upstream: 127.0.0.1:1884 } }',
  policy: `add ${A_POLICY.replace(/^.*?: /, 'policy: ')}`,
};
const MAX_PROFILE_CHARACTERS = 100_000;
const MAX_UNKNOWN_KEYS = 50;

/** Reads the text of a profile. `here` is the absolute path of its folder. Throws a ProfileError. */
export function parseProfile(text: string, file: string, here: string): Profile {
  if (text.length > MAX_PROFILE_CHARACTERS)
    throw new ProfileError(`${file}: a profile has at most ${MAX_PROFILE_CHARACTERS} characters`);
  const problems: Problem[] = [];
  const places: { pins: RulePin[]; known: Position[] } = { pins: [], known: [] };
  const read = collect(problems, () => {
    const yaml = new YamlFile(text, file);
    problems.push(...yaml.problems());
    if (problems.length > 0) return undefined;
    const checked = profileSchema.safeParse(yaml.data());
    if (checked.success) {
      problems.push(...meaningProblems(checked.data, yaml));
      for (const [id, version] of Object.entries(checked.data.rules))
        places.pins.push({ id, version, position: yaml.keyPosition(['rules', id]) });
      for (const index of checked.data.knownFailures.keys())
        places.known.push(yaml.position(['knownFailures', index]));
    } else problems.push(...checked.error.issues.flatMap((issue) => schemaProblems(issue, yaml)));
    return checked.data;
  });
  if (!read || problems.length > 0) throw new ProfileError(problems.map(formatProblem).join('\n'));
  const inPlace = (words: readonly string[]): string[] =>
    words.map((word) => word.replaceAll('{here}', () => here));
  const { servers, policy, protocol, spool, rules: _rules, knownFailures, ...others } = read;
  const { tls, upstreamTls = true, ...rest } = others;
  const upstreamsSpeakTls = tls !== undefined && upstreamTls;
  return {
    ...rest,
    ...(policy && { policy }),
    ...(spool !== undefined && { spool }),
    ...(tls && { tls }),
    protocol: protocol.includes('/') ? resolve(here, protocol) : protocol,
    upstreams: Object.fromEntries(
      Object.entries(servers).flatMap(([name, { upstream }]) =>
        upstream ? [[name, { ...upstream, tls: upstreamsSpeakTls }]] : [],
      ),
    ),
    upstreamCommands: Object.fromEntries(
      Object.entries(servers).flatMap(([name, { command }]) =>
        command ? [[name, { command: inPlace(command), tls: upstreamsSpeakTls }]] : [],
      ),
    ),
    command: inPlace(read.command),
    bugsArgument: inPlace(read.bugsArgument),
    hooks: Object.fromEntries(
      Object.entries(read.hooks).map(([hook, words]) => [hook, inPlace(words)]),
    ),
    bugs: bugsOf(read),
    pins: places.pins,
    knownFailures: knownFailures.map((known, index) => ({
      ...known,
      position: places.known[index]!,
    })),
    time: read.time ?? TIME_MODES,
    abilities: read.abilities ?? COMMON_ABILITIES,
  };
}

/** The command of a build: its bugs are appended to it. Templates of the run are still in it. */
export function commandOf({ profile, bugs }: ResolvedClient): readonly string[] {
  const extra = bugs.length === 0 ? [] : profile.bugsArgument;
  return [...profile.command, ...extra.map((word) => word.replaceAll('{bugs}', bugs.join(',')))];
}

/** True when the client is told its durations in the whole seconds of `LICMTR.CFG`. */
export function usesCfg({ profile }: ResolvedClient): boolean {
  const words = [
    ...profile.command,
    ...profile.bugsArgument,
    ...Object.values(profile.hooks).flat(),
  ];
  return words.some((word) => templatesIn(word).includes('cfg'));
}

type ProfileFile = z.infer<typeof profileSchema>;

function bugsOf({ builds, bugs }: ProfileFile): readonly string[] {
  return [...new Set([...Object.values(builds).flat(), ...bugs])];
}

function schemaProblems(issue: z.core.$ZodIssue, yaml: YamlFile): Problem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_UNKNOWN_KEYS).map((key) => ({
      position: yaml.keyPosition([...issue.path, key]),
      what: `there is no key ${quote(key)}`,
      right: issue.path[0] === undefined ? suggest(key, PROFILE_KEYS, 'keys') : knownBelow(issue),
    }));
  const [key] = issue.path.slice(-1);
  if (issue.code === 'invalid_key')
    return [
      {
        position: yaml.keyPosition(issue.path),
        what: `${quote(String(key))} is not a name`,
        right: issue.issues[0]?.message ?? issue.message,
      },
    ];
  const place = issue.path.filter((step) => typeof step === 'string').join('.');
  return [
    {
      position: yaml.position(issue.path),
      what: place === '' ? 'this is not a profile' : `${place} is missing or wrong`,
      right: place === '' ? `a profile has the keys ${PROFILE_KEYS.join(', ')}` : issue.message,
    },
  ];
}

function knownBelow({ path }: z.core.$ZodIssue): string {
  const known = path[0] === 'hooks' ? HOOKS : ['case', 'rule', 'source', 'reason'];
  if (path[0] === 'policy') return A_POLICY;
  return `known: ${known.join(', ')}`;
}

/** What the schema cannot say: templates that nothing fills in, keys that need each other. */
function meaningProblems(read: ProfileFile, yaml: YamlFile): Problem[] {
  const problems: Problem[] = [];
  const isOpaque = read.protocol === 'opaque';
  // An opaque client has the servers of its profile alone, and each has one face.
  const places = isOpaque
    ? Object.keys(read.servers).map((name) => `server.${name}.tcp`)
    : ['server.NAME.pipe', 'server.NAME.share'];
  const isPlace = (name: string): boolean =>
    isOpaque ? places.includes(name.replace(/\.(host|port)$/, '')) : SERVER_TEMPLATE.test(name);
  const checkTemplates = (path: Path, words: readonly string[], known: readonly string[]): void => {
    for (const [index, word] of words.entries())
      for (const name of templatesIn(word))
        if (!known.includes(name) && !isPlace(name))
          problems.push({
            position: yaml.position([...path, index]),
            what: `nothing is known for {${name}}`,
            right: suggest(name, [...places, ...known], 'templates'),
          });
  };
  const templates = read.tls ? [...TEMPLATES, 'ca'] : TEMPLATES;
  checkTemplates(['command'], read.command, templates);
  checkTemplates(['bugsArgument'], read.bugsArgument, [...templates, 'bugs']);
  for (const hook of HOOKS)
    checkTemplates(['hooks', hook], read.hooks[hook] ?? [], [...templates, 'program', 'argument']);
  const tellsBugs = read.bugsArgument.some((word) => templatesIn(word).includes('bugs'));
  if (bugsOf(read).length > 0 && !tellsBugs)
    problems.push({
      position: yaml.keyPosition([Object.keys(read.builds).length > 0 ? 'builds' : 'bugs']),
      what: 'nothing tells the client which bugs to show',
      right: 'add bugsArgument: ["--bugs={bugs}"]',
    });
  for (const [name, { command }] of Object.entries(read.servers))
    for (const [index, word] of (command ?? []).entries())
      for (const template of templatesIn(word))
        if (!UPSTREAM_TEMPLATES.includes(template) && !isPlace(template))
          problems.push({
            position: yaml.position(['servers', name, 'command', index]),
            what: `nothing is known for {${template}}`,
            right: suggest(template, [...places, ...UPSTREAM_TEMPLATES], 'templates'),
          });
  const needed = {
    servers: Object.keys(read.servers).length > 0,
    policy: read.policy !== undefined,
  };
  for (const [key, isThere] of Object.entries(needed))
    // Every client may state a policy; only of an opaque one nothing is known without it.
    if (isThere !== isOpaque && !(key === 'policy' && isThere))
      problems.push({
        position: yaml.keyPosition([isThere ? key : 'protocol']),
        what: isOpaque ? `an opaque client needs ${key}` : `${key} is for opaque clients`,
        right: isOpaque ? OPAQUE_KEYS[key]! : 'write protocol: opaque, or leave it out',
      });
  for (const key of ['tls', 'upstreamTls'] as const)
    if (read[key] !== undefined && (key === 'tls' ? !isOpaque : !read.tls))
      problems.push({
        position: yaml.keyPosition([key]),
        what: `${key} is for opaque clients whose TLS is terminated`,
        right: 'write protocol: opaque and tls: terminate, or leave it out',
      });
  if (!isOpaque && read.policy?.jitter !== undefined)
    problems.push({
      position: yaml.keyPosition(['policy', 'jitter']),
      what: 'jitter is that of a phase',
      right: `write it below one of ${PHASES.join(', ')}`,
    });
  if (isOpaque && read.policy) problems.push(...opaquePolicyProblems(read.policy, yaml));
  if (read.annotations.length > 0 && !isOpaque)
    problems.push({
      position: yaml.keyPosition(['annotations']),
      what: 'annotations are for opaque clients: elsewhere the server says what happened',
      right: 'write protocol: opaque, or leave them out',
    });
  for (const [index, { from }] of read.annotations.entries())
    checkTemplates(['annotations', index, 'from'], [from], TEMPLATES);
  if (read.tier === 'driven' && Object.keys(read.hooks).length > 0)
    problems.push({
      position: yaml.keyPosition(['hooks']),
      what: 'a driven client takes its commands from stdin and has no hooks',
      right: 'write tier: black-box, or leave the hooks out',
    });
  return problems;
}

/** Of an opaque client only connections are seen, and it must state by what they are judged. */
function opaquePolicyProblems(stated: PolicyFile, yaml: YamlFile): readonly Problem[] {
  const missing = OPAQUE_POLICY.filter((key) => stated[key] === undefined);
  const phases = [...PHASES, 'records' as const].filter((key) => stated[key] !== undefined);
  return [
    ...missing.map((key) => ({
      position: yaml.position(['policy']),
      what: `the policy of an opaque client needs ${key}`,
      right: A_POLICY,
    })),
    ...phases.map((key) => ({
      position: yaml.keyPosition(['policy', key]),
      what: `${key} cannot be told apart where only connections are seen`,
      right: `leave it out; the policy of an opaque client has ${OPAQUE_POLICY.join(', ')}, order, jitter and attemptsPerMinute`,
    })),
  ];
}
