import type { LicenseServer } from '../server/license-server.ts';
import type { Note } from '../../emulator.ts';
import { MALFORMED } from '../faults.ts';
import { configuration } from './configuration.ts';
import { answer, type Endpoint, type ShareAnswer, type ShareRequest } from './endpoint.ts';
import { probe } from './probe.ts';
import { upload } from './upload.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
  /** True: the path goes on, and the endpoint gets the rest. */
  readonly open?: boolean;
  readonly endpoint: Endpoint;
}

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/LicMtr/dbup.ini', endpoint: probe },
  { method: 'GET', path: '/LicMtr/LICMTR.CFG', endpoint: configuration },
  { method: 'PUT', path: '/LicMtr/Inboxes/Offline/', open: true, endpoint: upload },
];

/** The share face without its transport: one whole request in, one answer out. */
export function answerShare(server: LicenseServer, request: ShareRequest): ShareAnswer {
  const { method, path } = request;
  const route = routeOf(path);
  if (!route) return misfit(404, 'no-such-path');
  if (route.method !== method) return misfit(405, 'no-such-method', { allow: route.method });
  return malformed(server, route.endpoint(server, request, path.slice(route.path.length)));
}

/** What becomes of an answer when a fault strikes it; what was asked is done all the same. */
function malformed(server: LicenseServer, said: ShareAnswer): ShareAnswer {
  const fault = server.fault('share', MALFORMED)?.name;
  if (fault === undefined) return said;
  const notes: readonly Note[] = [...said.notes, { event: 'malformed', fields: { why: fault } }];
  if (fault === 'wrong-version' || fault === 'wrong-length')
    return { ...said, notes, malformed: fault };
  // As of a proxy that wants the user to log in first.
  return { status: 302, headers: { location: '/login' }, body: '', notes };
}

/** The route of a path, whatever the method; undefined where there is none. */
export function routeOf(path: string): Route | undefined {
  return ROUTES.find((route) => (route.open ? path.startsWith(route.path) : path === route.path));
}

function misfit(
  status: number,
  why: string,
  headers?: Readonly<Record<string, string>>,
): ShareAnswer {
  return answer(
    status,
    `${why}\n`,
    [{ event: 'protocol-error', fields: { why, status } }],
    headers,
  );
}

/** Path of a request target, without query; undefined for what is no URL. */
export function pathOf(target: string): string | undefined {
  return URL.canParse(target, 'http://share')
    ? new URL(target, 'http://share').pathname
    : undefined;
}
