import type { z } from 'zod';
import { type Problem, quote } from './errors.ts';
import { suggest } from './nearest.ts';
import { CASE_FIELDS, CLIENT_FIELDS } from './schema.ts';
import type { Path, YamlFile } from './yaml-file.ts';

/** Per file: finding a position takes time, and no one reads more. */
const MAX_PROBLEMS = 100;

/** What the schema says of a file, with positions, in words for people. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  data: unknown,
  yaml: YamlFile,
): readonly Problem[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return [
      {
        position: yaml.start(),
        what: 'this is not a case',
        right: `a case has the fields ${CASE_FIELDS.join(', ')}`,
      },
    ];
  return issues.slice(0, MAX_PROBLEMS).flatMap((issue) => toProblems(issue, data, yaml));
}

function toProblems(issue: z.core.$ZodIssue, data: object, yaml: YamlFile): readonly Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      position: yaml.keyPosition([...path, key]),
      what: `there is no field ${quote(key)}`,
      right: suggest(key, path.length === 0 ? CASE_FIELDS : Object.keys(CLIENT_FIELDS), 'fields'),
    }));
  if (issue.code === 'invalid_key')
    return [
      {
        position: yaml.keyPosition(path),
        what: `${quote(String(path.at(-1)))} is not a name`,
        right: issue.issues[0]?.message ?? issue.message,
      },
    ];
  const value = valueAt(data, path);
  const name = fieldName(path);
  return [
    {
      position: yaml.position(path),
      what: value === undefined ? `${name} is missing` : `${name} cannot be ${shown(value)}`,
      right: issue.message,
    },
  ];
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path)
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? Reflect.get(value, step)
        : undefined;
  return value;
}

/** `client.attempts`, `servers`: a place in a list is shown by its position. */
function fieldName(path: Path): string {
  return path.filter((step) => typeof step === 'string').join('.');
}

function shown(value: unknown): string {
  if (value === null || value === '') return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'this list';
  return typeof value === 'string' ? quote(value) : (JSON.stringify(value) ?? 'this').slice(0, 60);
}
