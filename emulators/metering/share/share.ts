import type { LicenseServer } from '../server/license-server.ts';
import { configuration } from './configuration.ts';
import { answer, type Endpoint, type ShareAnswer, type ShareRequest } from './endpoint.ts';
import { probe } from './probe.ts';
import { upload } from './upload.ts';

interface Route {
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
  const route = ROUTES.find((candidate) =>
    candidate.open ? path.startsWith(candidate.path) : path === candidate.path,
  );
  if (!route) return misfit(404, 'no-such-path');
  if (route.method !== method) return misfit(405, 'no-such-method', { allow: route.method });
  return route.endpoint(server, request, path.slice(route.path.length));
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
