import { createHash } from 'node:crypto';

/** A file system takes 255 bytes for a name. */
const MAX_NAME_CHARACTERS = 200;
const HASH_CHARACTERS = 8;

/** Name of the folder for the traces of one client, from what stands after `--client`: those of different clients lie side by side. */
export function clientFolder(spec: string): string {
  const name = spec.replaceAll(/[^a-zA-Z0-9.-]+/g, '-').replace(/^[-.]+/, '') || 'client';
  if (name.length <= MAX_NAME_CHARACTERS) return name;
  const hash = createHash('sha256').update(spec).digest('hex').slice(0, HASH_CHARACTERS);
  return `${name.slice(0, MAX_NAME_CHARACTERS - HASH_CHARACTERS - 1)}-${hash}`;
}
