import { type HttpAnswer, malformed, MALFORMED_HTTP } from '../../http/answer.ts';
import type { LicenseServer } from '../server/license-server.ts';
import { configuration } from './configuration.ts';
import { answer, type Endpoint, type ShareRequest } from './endpoint.ts';
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
export function answerShare(server: LicenseServer, request: ShareRequest): HttpAnswer {
  const { method, path } = request;
  const route = routeOf(path);
  if (!route) return misfit(404, 'no-such-path');
  if (route.method !== method) return misfit(405, 'no-such-method', { allow: route.method });
  const said = route.endpoint(server, request, path.slice(route.path.length));
  const fault = server.fault('share', MALFORMED_HTTP);
  return fault ? malformed(said, fault.name) : said;
}

/** The route of a path, whatever the method; undefined where there is none. */
export function routeOf(path: string): Route | undefined {
  return ROUTES.find((route) => (route.open ? path.startsWith(route.path) : path === route.path));
}

function misfit(
  status: number,
  why: string,
  headers?: Readonly<Record<string, string>>,
): HttpAnswer {
  return answer(
    status,
    `${why}\n`,
    [{ event: 'protocol-error', fields: { why, status } }],
    headers,
  );
}
