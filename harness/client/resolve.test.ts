import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { resolveClient, type ResolveOptions } from './resolve.ts';

/** A folder with profiles, scripts and programs. */
function world(folder: string): ResolveOptions {
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  for (const name of ['profiles', 'bin', 'work']) mkdirSync(join(folder, name));
  write('profiles/client.js', '');
  write(
    'profiles/reference.yaml',
    `name: reference
command: [node, "{here}/client.js"]
tier: driven
builds: { rtm: [primary-fixation, hasty-switch], sp4: [] }
bugsArgument: ["--bugs={bugs}"]
`,
  );
  write('profiles/gone.yaml', 'name: gone\ncommand: [node, "{here}/gone.js"]\ntier: driven\n');
  write('profiles/bare.yaml', 'name: bare\ncommand: [node, client.js]\ntier: driven\n');
  write(
    'work/mine.yaml',
    'name: mine\ncommand: [./meter]\ntier: black-box\nhooks: { shutdown: [meterctl, quit] }\n',
  );
  write('work/client.py', '');
  for (const program of ['work/meter', 'bin/meterctl', 'bin/python9']) {
    write(program, '#!/bin/sh\n');
    chmodSync(join(folder, program), 0o755);
  }
  write('work/plain', '');
  // Nobody can look into it, not even root.
  symlinkSync('closed', join(folder, 'closed'));
  return {
    cwd: join(folder, 'work'),
    searchPath: ['relative', join(folder, 'closed'), join(folder, 'bin')].join(':'),
    profilesFolder: join(folder, 'profiles'),
  };
}

t.test('a shipped profile, its builds and its bugs are named by words', (t) => {
  const options = world(t.testdir());
  const { profile, bugs, build } = resolveClient('reference', options);
  t.same(profile.command, [process.execPath, join(options.profilesFolder!, 'client.js')]);
  t.same([bugs, build], [[], undefined]);
  const rtm = resolveClient('reference:rtm', options);
  t.match(rtm, { spec: 'reference:rtm', build: 'rtm', bugs: ['primary-fixation', 'hasty-switch'] });
  t.match(resolveClient('reference:sp4', options), { build: 'sp4', bugs: [] });
  const one = resolveClient('reference:hasty-switch', options);
  t.same([one.bugs, one.build], [['hasty-switch'], undefined]);
  const both = resolveClient('reference:hasty-switch+primary-fixation', options);
  t.same([both.bugs, both.build], [['hasty-switch', 'primary-fixation'], undefined]);
  t.throws(() => resolveClient('reference:hasty-switch+x', options), /bug "hasty-switch\+x"/);
  t.throws(
    () => resolveClient('reference:rtn', options),
    /client reference has no build or bug "rtn"; did you mean "rtm"\?/,
  );
  t.throws(() => resolveClient('reference:constructor', options), /no build or bug "constructor"/);
  t.end();
});

t.test('a profile of one’s own is named by its path', (t) => {
  const options = world(t.testdir());
  const { profile } = resolveClient('./mine.yaml', options);
  t.same(profile.command, [join(options.cwd, 'meter')], 'from the folder of the profile');
  t.match(profile.hooks.shutdown?.[0], /bin\/meterctl$/);
  t.throws(() => resolveClient('./mine.yaml:rtm', options), /no build or bug "rtm"; no builds/);
  t.throws(() => resolveClient('./none.yaml', options), /none\.yaml cannot be read \(ENOENT\)/);
  execFileSync('mkfifo', [join(options.cwd, 'pipe.yaml')]);
  t.throws(() => resolveClient('./pipe.yaml', options), /profile pipe\.yaml is no plain file/);
  t.end();
});

t.test('a command line is a driven client', (t) => {
  const options = world(t.testdir());
  const { profile } = resolveClient('python9 client.py --config {config} "a b"', options);
  t.equal(profile.tier, 'driven');
  t.match(profile.command[0], /bin\/python9$/);
  t.same(profile.command.slice(1), [join(options.cwd, 'client.py'), '--config', '{config}', 'a b']);
  t.same(resolveClient('./meter', options).profile.command, [join(options.cwd, 'meter')]);
  t.match(resolveClient('meterctl', options).profile.command, [/bin\/meterctl$/]);
  const withOptions = resolveClient('node --import tsx client.py', options).profile.command;
  t.same(withOptions.slice(1), ['--import', 'tsx', join(options.cwd, 'client.py')]);
  t.same(resolveClient('node client.py', options).profile.command, [
    process.execPath,
    join(options.cwd, 'client.py'),
  ]);
  t.end();
});

t.test('what cannot be started is refused before anything is played', (t) => {
  const options = world(t.testdir());
  const refused = (spec: string, why: RegExp) =>
    t.throws(() => resolveClient(spec, options), why, spec);
  refused('refrence', /no client "refrence"; did you mean "reference"\? .*"python3 client\.py"/);
  refused('gone', /script .*gone\.js does not exist; is its path right/);
  refused('bare', /script client\.js would be looked for .* write "\{here\}\/client\.js"/);
  refused('nothing --at all', /no program "nothing" on the PATH/);
  refused('./nothing', /nothing does not exist/);
  refused('./plain', /plain cannot be executed; chmod \+x/);
  refused('node gone.js', /script gone\.js does not exist/);
  refused('python9 gone.py --quick', /script gone\.py does not exist/);
  refused('python9 "a', /quote " is not closed/);
  t.ok(resolveClient('python9 {data}/gone.py', options), 'who knows what is there then?');
  t.ok(resolveClient('./meter new.py', options), 'it may be to write it');
  refused('  ', /--client is empty/);
  refused('{data}/x y', /cannot be a template/);
  t.end();
});

t.test(
  'a folder whose name reads like a template is refused: its path stands in the command',
  (t) => {
    const cwd = join(t.testdir(), 'a{data}');
    mkdirSync(cwd);
    const options = { ...world(cwd), cwd: join(cwd, 'work') };
    for (const spec of ['reference', './mine.yaml', 'python9 client.py', './meter --quick'])
      t.throws(() => resolveClient(spec, options), {
        name: 'ProfileError',
        message: /^\{data\} in \/.* would be read as a template: give that folder a name without/,
      });
    t.end();
  },
);
