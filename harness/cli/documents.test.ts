// Every page is found from the README, and no page points at a file that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';

const LINK = /\]\((?!https?:|#)(?<file>[^)#\s]+)/g;

const pages = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

function linksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(LINK)].map(({ groups }) =>
    join(dirname(page), groups!['file']!),
  );
}

t.test('every page is reached from the README', (t) => {
  const reached = new Set(['README.md']);
  for (const page of reached)
    for (const link of linksOf(page))
      if (link.endsWith('.md') && existsSync(link)) reached.add(link);
  t.same(
    pages.filter((page) => !reached.has(page)),
    [],
  );
  t.end();
});

t.test('no link leads nowhere', (t) => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !existsSync(link))
      .map((link) => `${page}: ${link}`),
  );
  t.same(broken, []);
  t.end();
});
