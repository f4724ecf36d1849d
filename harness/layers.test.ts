// Holds the table of docs/architecture.md: who may import whom. The table is read, so that it cannot drift.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typesOnly: boolean;
}

interface Layer {
  readonly name: string;
  /** Names of layers; `emulators (types)` is spelled so. */
  readonly imports: readonly string[];
}

const STATEMENT =
  /(?:^|[\n;])\s*(?<head>import|export)(?<names>\s[^'"`;]*?\sfrom\s*|\s*)['"](?<from>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]/g;

/** What a source text imports, as it is written there. */
function importsIn(text: string): { target: string; typesOnly: boolean }[] {
  const code = text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\n)\s*\/\/.*/g, '');
  return [...code.matchAll(STATEMENT)].map(({ groups }) => {
    const names = groups!['names']?.trim() ?? '';
    const braces = /^\{(?<list>[^]*)\}\s*from$/.exec(names)?.groups?.['list'];
    const all = braces?.split(',').filter((name) => name.trim() !== '') ?? [];
    return {
      target: (groups!['from'] ?? groups!['dynamic'])!,
      typesOnly:
        /^type\s/.test(names) || (all.length > 0 && all.every((name) => /^\s*type\s/.test(name))),
    };
  });
}

/** Tests may reach for whatever they check; what ships may not. */
function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => /\.[cm]?[jt]s$/.test(file) && !/\.(?:test|fixture|probe)\.ts$/.test(file));
}

function importsOf(file: string): Import[] {
  return importsIn(readFileSync(file, 'utf8')).map(({ target, typesOnly }) => ({
    file,
    target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
    typesOnly,
  }));
}

/** `harness/case/plan.ts` is in the layer `case`, `emulators/metering/index.ts` in `emulators`. */
function layerOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'harness' ? second!.replace(/\.ts$/, '') : top!;
}

function readTable(): Layer[] {
  const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(
    /^\| `(?:harness\/)?(?<name>[a-z]+)(?:\.ts)?` \|[^|]*\| (?<imports>[^|]+?) \|$/gm,
  );
  return [...rows].map(({ groups }) => ({
    name: groups!['name']!,
    imports: groups!['imports'] === 'nothing' ? [] : groups!['imports']!.split(', '),
  }));
}

const table = readTable();

t.test('the reader of imports sees every form of them', (t) => {
  const text = [
    `import a, { b } from './value.ts';`,
    `import type { C } from './type.ts';`,
    `import { type D, type E } from './inline.ts';`,
    `import {\n  type F,\n  g,\n} from './mixed.ts';`,
    `import './bare.ts';`,
    `export * from './star.ts';`,
    `export type { H } from './export-type.ts';`,
    `const i = await import('./dynamic.ts');`,
    `// import j from './comment.ts';`,
    `/** import k from './docstring.ts'; */`,
  ].join('\n');
  t.same(
    importsIn(text).map(({ target, typesOnly }) => `${target}${typesOnly ? ' (types)' : ''}`),
    [
      './value.ts',
      './type.ts (types)',
      './inline.ts (types)',
      './mixed.ts',
      './bare.ts',
      './star.ts',
      './export-type.ts (types)',
      './dynamic.ts',
    ],
  );
  t.end();
});

t.test('every folder of the harness has its row in the table, and every row its folder', (t) => {
  const entries = readdirSync('harness').filter((entry) => !entry.endsWith('.test.ts'));
  t.same(
    table.map(({ name }) => name).toSorted(),
    [...entries.map((entry) => entry.replace(/\.ts$/, '')), 'emulators', 'clients'].toSorted(),
  );
  t.end();
});

t.test('the table points one way', (t) => {
  for (const [index, { name, imports }] of table.entries()) {
    const above = table.slice(0, index).map((layer) => layer.name);
    const ahead = imports.filter((layer) => !above.includes(layer.replace(' (types)', '')));
    t.same(
      ahead.filter((layer) => !['harness (types)', 'the codec of a dialect'].includes(layer)),
      [],
      `${name} imports only rows above it`,
    );
  }
  t.end();
});

t.test('nothing imports what the table does not grant', (t) => {
  for (const { name, imports } of table.filter((layer) => layer.name !== 'clients')) {
    const files = ['harness', 'emulators'].flatMap(sourcesBelow);
    const broken = files
      .filter((file) => layerOf(file) === name)
      .flatMap(importsOf)
      .filter(({ target }) => /^(?:harness|emulators|clients)\//.test(target))
      .filter(({ target }) => layerOf(target) !== name)
      .filter(({ target, typesOnly }) => {
        const types = target.startsWith('harness/') ? 'harness (types)' : '';
        const granted = [layerOf(target), `${layerOf(target)} (types)`, types];
        const grant = granted.find((layer) => imports.includes(layer));
        return grant === undefined || (grant.endsWith('(types)') && !typesOnly);
      });
    t.same(
      broken.map(({ file, target }) => `${file} imports ${target}`),
      [],
      `${name} imports only ${imports.join(', ') || 'itself'}`,
    );
  }
  t.end();
});

t.test('nothing that ships imports what only tests use', (t) => {
  const broken = ['harness', 'emulators', 'clients']
    .flatMap(sourcesBelow)
    .flatMap(importsOf)
    .filter(({ target }) => /\.(?:test|fixture|probe)\.ts$/.test(target));
  t.same(
    broken.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
  t.end();
});

t.test('a client knows Node and the codec, nothing else', (t) => {
  const foreign = sourcesBelow('clients')
    .flatMap(importsOf)
    .filter(({ target }) => !/^(?:node:|clients\/|emulators\/metering\/codec\/)/.test(target));
  t.same(
    foreign.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
  t.end();
});
