import { readFileSync } from 'node:fs';
import t from 'tap';
import { HOUR, SECOND } from '../clock/clock.ts';
import { commandOf, parseProfile, ProfileError, usesCfg } from './profile.ts';

const GOOD = `name: mine
command: [node, "{here}/client.js", --config, "{config}"]
tier: driven
builds:
  rtm: [primary-fixation, hasty-switch]
  sp4: []
bugs: [early-delete]
bugsArgument: ["--bugs={bugs}"]
knownFailures:
  - { rule: SWM-4, reason: this client has no second server }
`;

function problemsOf(text: string): string {
  try {
    parseProfile(text, 'my.yaml', '/here');
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  return '';
}

t.test('a profile is read, and what is left out has a default', (t) => {
  const profile = parseProfile(GOOD, 'my.yaml', '/here/$&');
  t.same(profile.command, ['node', '/here/$&/client.js', '--config', '{config}']);
  t.same(profile.time, ['virtual', 'scaled', 'real'], 'the best first');
  t.same(profile.abilities, ['online', 'offline', 'restart']);
  t.same(profile.bugs, ['primary-fixation', 'hasty-switch', 'early-delete']);
  t.same(profile.knownFailures, [
    {
      rule: 'SWM-4',
      reason: 'this client has no second server',
      position: { file: 'my.yaml', line: 10, column: 5 },
    },
  ]);
  t.equal(profile.network, 'ipv4');
  const native = parseProfile('name: c\ncommand: [./c]\ntier: black-box\n', 'c.yaml', '/');
  t.same(
    native.time,
    ['virtual', 'scaled', 'real'],
    'what virtual time cannot do is found out when it is chosen',
  );
  t.end();
});

t.test('servers are reached over IPv4 or over IPv6', (t) => {
  t.equal(parseProfile(`${GOOD}network: ipv6\n`, 'my.yaml', '/').network, 'ipv6');
  t.match(problemsOf(`${GOOD}network: v6\n`), /my\.yaml:11:\d+: network .* one of ipv4, ipv6/);
  t.end();
});

t.test('bugs are told by the argument, and only where there are some', (t) => {
  const profile = parseProfile(GOOD, 'my.yaml', '/here');
  const bugs = ['primary-fixation', 'hasty-switch'];
  t.equal(commandOf({ spec: 'x', profile, bugs }).at(-1), '--bugs=primary-fixation,hasty-switch');
  t.equal(commandOf({ spec: 'x', profile, bugs: [] }).at(-1), '{config}');
  t.end();
});

t.test('a client that is given LICMTR.CFG is known', (t) => {
  const client = (word: string) => ({
    spec: 'x',
    profile: parseProfile(`name: x\ncommand: [./x, "${word}"]\ntier: driven\n`, 'x.yaml', '/'),
    bugs: [],
  });
  t.equal(usesCfg(client('--cfg={cfg}')), true);
  t.equal(usesCfg(client('{config}')), false);
  t.end();
});

t.test('each mistake is told with its place and with what would be right', (t) => {
  const broken = (from: string, to: string) => problemsOf(GOOD.replace(from, to));
  t.equal(broken('tier:', 'teir:').split('\n').length, 2);
  t.match(broken('tier:', 'teir:'), 'my.yaml:3:1: there is no key "teir" — did you mean "tier"?');
  t.match(broken('tier: driven', 'tier: fast'), /my\.yaml:3:7: tier .* — one of driven, black-box/);
  t.match(broken('{config}', '{confg}'), /my\.yaml:2:\d+: .*\{confg\} — did you mean "config"\?/);
  t.match(broken('{config}', '{bugs}'), /my\.yaml:2:\d+: nothing is known for \{bugs\}/);
  t.equal(broken('{config}', '{server.alpha.pipe} ${HOME}'), '');
  t.match(broken('bugsArgument', 'hooks'), /my\.yaml:8:\d+: hooks /);
  t.match(
    broken('bugsArgument: ["--bugs={bugs}"]', ''),
    'my.yaml:4:1: nothing tells the client which bugs to show — add bugsArgument',
  );
  t.match(broken('rule: SWM-4,', 'rule: SWM-4, case: x,'), /:10:5: .* exactly one of case, rule/);
  t.match(broken('rule: SWM-4,', 'rul: x,'), /there is no key "rul" — known: case, rule, source/);
  t.match(broken(', reason: this client has no second server', ''), /exactly one of .* a reason/);
  t.match(broken('sp4: []', 'sp 4: []'), /:6:3: "sp 4" is not a name/);
  t.match(
    problemsOf('name: x\ncommand: [x]\ntier: driven\nhooks: { shutdown: [y] }\n'),
    /x?my\.yaml:4:1: a driven client .* no hooks/,
  );
  t.match(
    problemsOf('name: x\ncommand: [x]\ntier: driven\npolicy: { jitter: 0.2 }\n'),
    /my\.yaml:4:\d+: jitter is that of a phase — write it below one of acquire/,
  );
  t.match(
    problemsOf('name: x\ncommand: [x]\ntier: black-box\nhooks: { stop: [y] }\n'),
    /my\.yaml:4:\d+: .*stop/,
  );
  t.end();
});

t.test('what is no profile at all is an error too', (t) => {
  for (const text of ['', '[]', 'x', '{', '\0', '!!binary x', '&a [*a]', 'a: 1\na: 2'])
    t.match(problemsOf(text), /^my\.yaml:1?\d/, JSON.stringify(text));
  t.match(problemsOf(`name: ${'x'.repeat(200_000)}`), /at most 100000 characters/);
  t.end();
});

t.test('the versions of rules that judge a client are pinned, with their place', (t) => {
  const { pins } = parseProfile(`${GOOD}rules: { SWM-3: 1, RT-1: 2 }\n`, 'my.yaml', '/here');
  t.match(pins, [
    { id: 'SWM-3', version: 1, position: { line: 11, column: 10 } },
    { id: 'RT-1', version: 2 },
  ]);
  t.match(
    problemsOf(`${GOOD}rules: { SWM-3: new }\n`),
    /my\.yaml:11:17: .* such as \{ SWM-3: 1 \}/,
  );
  t.match(problemsOf(`${GOOD}rules: [SWM-3]\n`), /my\.yaml:11:8: rules is missing or wrong/);
  t.end();
});

t.test('a client states its policy, as a whole and for each phase', (t) => {
  const policy = (text: string): string => `${GOOD}policy: ${text}\n`;
  t.match(
    parseProfile(
      policy('{ records: per-interval, acquire: { attempts: 2, jitter: 0.2, retryDelay: 30s } }'),
      'my.yaml',
      '/here',
    ).policy,
    {
      order: 'listed',
      records: 'per-interval',
      acquire: { attempts: 2, jitter: 0.2, retryDelay: 30n * SECOND },
    },
  );
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{ aquire: {} }', /my\.yaml:11:11: there is no key "aquire"/],
    ['{ acquire: { jitter: 2 } }', /policy\.acquire\.jitter .* a share from 0/],
    ['{ acquire: { attempts: 0 } }', /policy\.acquire\.attempts .* a whole number from 1 to 100/],
    ['{ acquire: { failback: soon } }', /one of never, at-next-acquire, after-probes/],
    ['{ acquire: { probes: 2 } }', /failback: after-probes/],
    ['{ upload: { every: 4 } }', /a duration such as 5s/],
    ['{ records: each }', /one of per-run, per-interval, counter/],
  ];
  for (const [text, message] of wrong) t.match(problemsOf(policy(text)), message, text);
  const opaque = `name: x\ncommand: [x]\ntier: black-box\nprotocol: opaque
servers: { alpha: { upstream: 127.0.0.1:1883 } }\npolicy: { attempts: 1, acquire: {} }\n`;
  t.match(problemsOf(opaque), /my\.yaml:6:9: the policy of an opaque client needs retryDelay/);
  t.match(problemsOf(opaque), /my\.yaml:6:24: acquire cannot be told apart/);
  t.end();
});

t.test('the policy in docs/client-contract.md is one', (t) => {
  const document = readFileSync('docs/client-contract.md', 'utf8');
  const [, example = ''] = /```yaml\n(policy:\n.*?)```/s.exec(document) ?? [];
  const { policy } = parseProfile(GOOD + example, 'my.yaml', '/here');
  t.match(policy, {
    acquire: { failback: 'after-probes', probes: 2 },
    upload: { every: 4n * HOUR },
  });
  t.equal(Object.keys(policy?.acquire ?? {}).length, 12, 'every key but every is shown there');
  t.end();
});
