// The tables of docs/case-format.md, made from the code: a test holds the document to them.
import {
  CLIENT_EVENTS,
  HARNESS_EVENTS,
  SEMANTIC_EVENTS,
  SERVER_EVENTS,
  TRANSPORT_EVENTS,
} from '../trace/vocabulary.ts';
import { faultUsage, WIRE_FAULTS } from './faults.ts';
import { LEDGER_COLUMNS } from './notation/ledger.ts';
import { type DialectLookup, EVENTS_OF } from './notation/scope.ts';
import { CLIENT_FIELDS, caseJsonSchema, caseSchema, type JsonSchema } from './schema.ts';

const ESTABLISHED = {
  reset: 'are reset',
  kept: 'meet it with their next bytes',
  vanished: 'fall silent; after the return an RST answers what comes on them',
} as const;

export function tables(dialect: DialectLookup): Readonly<Record<string, string>> {
  return {
    fields: fieldTable(
      Object.keys(caseSchema.shape),
      ['title', 'source', 'servers', 'play'],
      caseJsonSchema(),
    ),
    client: fieldTable(Object.keys(CLIENT_FIELDS), [], propertyOf(caseJsonSchema(), 'client')),
    faults: table(
      ['fault', 'the server …', 'established connections'],
      WIRE_FAULTS.map((fault) => [
        code(faultUsage(fault)),
        fault.does,
        ESTABLISHED[fault.established],
      ]),
    ),
    answers: table(
      ['fault', 'face', 'arguments'],
      dialect.faces.flatMap(({ name, answerFaults }) =>
        Object.entries(answerFaults).map(([fault, args]) => [
          code(fault),
          name,
          args.map((arg) => code(`${arg}=`)).join(' ') || '–',
        ]),
      ),
    ),
    'server-events': eventTable(
      { ...TRANSPORT_EVENTS, ...SEMANTIC_EVENTS, ...SERVER_EVENTS },
      EVENTS_OF.server,
    ),
    'other-events': eventTable({ ...CLIENT_EVENTS, ...HARNESS_EVENTS }, [
      ...EVENTS_OF.client,
      ...EVENTS_OF.harness,
    ]),
    ledger: table(
      ['column', 'counts'],
      Object.entries(LEDGER_COLUMNS).map(([column, what]) => [code(column), what]),
    ),
  };
}

function fieldTable(
  fields: readonly string[],
  required: readonly string[],
  schema: JsonSchema,
): string {
  return table(
    ['field', 'default', 'meaning'],
    fields.map((field) => {
      const { description, default: value } = propertyOf(schema, field);
      const preset =
        typeof value === 'string' || typeof value === 'number' ? code(`${value}`) : '–';
      return [code(field), required.includes(field) ? 'required' : preset, description!];
    }),
  );
}

function propertyOf({ properties }: JsonSchema, field: string): JsonSchema {
  const property = properties?.[field];
  if (typeof property !== 'object') throw new Error(`the schema does not describe ${field}`);
  return property;
}

function eventTable(events: Readonly<Record<string, string>>, names: readonly string[]): string {
  return table(
    ['event', 'meaning', 'fields'],
    names.map((name) => {
      const [meaning, fields = '–'] = events[name]!.split('; ');
      return [code(name), meaning!, fields.replaceAll(/[a-z][a-z-]*=[a-z]*/g, code)];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
