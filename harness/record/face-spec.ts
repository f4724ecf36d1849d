// How the command line names a real server, and where clients find it.
import { once } from 'node:events';
import { isIP } from 'node:net';
import { createServer } from 'node:net';
import type { FaceDescription } from '../../emulators/emulator.ts';
import type { RecordedFace } from './recording.ts';

/** A face whose port may still have to be chosen. */
export type FaceSpec = Omit<RecordedFace, 'port'> & { readonly port: number | undefined };

const SERVER = /^(?<server>[a-z][a-z0-9-]{0,30})=(?<rest>.+)$/;
const HOST = String.raw`(?:\[(?<six>[0-9a-f:.]{2,45})\]|(?<host>[a-z0-9.-]{1,253}))`;
const UPSTREAM = new RegExp(`^${HOST}(?::(?<port>\\d{1,5}))?(?:/(?<face>[a-z][a-z0-9-]*))?$`, 'i');
const LISTEN = new RegExp(`^(?:${HOST}:)?(?<port>\\d{1,5})$`, 'i');
/** From a face's own port to the first that is tried for clients. */
const OFFSET = 10_000;
/** Below the ports that systems give to connections. */
const LAST_PORT = 32_767;

/**
 * `alpha=10.0.0.1:7230/pipe@127.0.0.1:17230`. What is behind the `@` may be left out, or be a port alone; of a dialect with one face the
 * face; port and face together: then all faces at their own ports. Returns what is wrong as text.
 */
export function parseFaceSpec(
  text: string,
  faces: readonly FaceDescription[],
  address: string,
): readonly FaceSpec[] | string {
  const { server, rest } = SERVER.exec(text)?.groups ?? {};
  const [to = '', at, ...more] = rest?.split('@') ?? [];
  const upstream = UPSTREAM.exec(to)?.groups;
  const listen = at === undefined ? {} : LISTEN.exec(at)?.groups;
  if (server === undefined || !upstream || !listen || more.length > 0)
    return `"${text}" is not like alpha=10.0.0.1:7230/${faces[0]!.name} or alpha=10.0.0.1:7230/${faces[0]!.name}@17230`;
  const host = (upstream['host'] ?? upstream['six'])!;
  const known = faces.map(({ name }) => name).join(', ');
  const chosen = faces.filter(
    ({ name }) => upstream['face'] === undefined || upstream['face'] === name,
  );
  if (chosen.length === 0)
    return `"${upstream['face']}" in "${text}" is no face; there are ${known}`;
  if (chosen.length > 1 && (upstream['port'] !== undefined || at !== undefined))
    return `"${text}" does not say which face: add /${faces.map(({ name }) => name).join(' or /')}`;
  const own = listen['host'] ?? listen['six'] ?? address;
  if (isIP(own) === 0) return `"${own}" in "${text}" is no address of this machine`;
  for (const port of [upstream['port'], listen['port']])
    if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))
      return `"${port}" in "${text}" is no port`;
  return chosen.map(({ name, port }) => ({
    server,
    face: name,
    upstream: { host, port: Number(upstream['port'] ?? port) },
    address: own,
    port: listen['port'] === undefined ? undefined : Number(listen['port']),
  }));
}

/** Gives each face without a port one that is free, from its own + `offset` on. Rejects where there is none. */
export async function choosePorts<
  T extends { readonly face: string; readonly address: string; readonly port: number | undefined },
>(
  specs: readonly T[],
  faces: readonly FaceDescription[],
  offset = OFFSET,
): Promise<readonly (Omit<T, 'port'> & { readonly port: number })[]> {
  const taken = new Set(specs.map(({ address, port }) => `${address} ${port}`));
  const chosen: (Omit<T, 'port'> & { readonly port: number })[] = [];
  for (const spec of specs) {
    const first = (faces.find(({ name }) => name === spec.face)?.port ?? 7000) + offset;
    let port = spec.port ?? first;
    if (spec.port === undefined) {
      while (taken.has(`${spec.address} ${port}`) || !(await isFree(spec.address, port)))
        if (++port > LAST_PORT) throw new Error(`no port of ${spec.address} is free`);
      taken.add(`${spec.address} ${port}`);
    }
    chosen.push({ ...spec, port });
  }
  return chosen;
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') throw error;
    return false;
  } finally {
    server.close();
  }
}
