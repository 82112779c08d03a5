/** control/admin/app.ts: the admin interface as a function from a request to a response, without a socket. */
import { type Context, type Handler, Hono, type MiddlewareHandler } from 'hono';
import { ConfigError } from '../../config/config-error.js';
import { alternatives } from '../../config/similar.js';
import { UsageError } from '../../config/usage-error.js';
import { ChangeError, type ChangeProblem, ReloadError, StartError } from '../errors.js';
import { LineLimit } from '../line-limit.js';
import type { Logger } from '../logger.js';
import { accessControl, onlyFromThisHost } from './access.js';
import type { AdminConnections } from './connections.js';
import { type AdminParts, type Endpoint, mount, type OnNode } from './endpoint.js';
import { ENDPOINTS } from './endpoints.js';
import { healthEndpoints } from './health.js';
import { isPagePath, pageRoutes } from './page.js';
import { RequestError } from './request-error.js';
import type { AdminTokens } from './token.js';

type AdminApp = Hono<OnNode>;

export interface AppParts extends AdminParts {
  readonly logger: Logger;
  readonly connections: Pick<AdminConnections, 'admit'>;
}

const OPEN_PATHS = new Set(ENDPOINTS.filter(({ open }) => open === true).map(({ path }) => path));
const isOpen = (path: string): boolean => OPEN_PATHS.has(path);

/** @param tokens returns the tokens that requests have to carry now; none where requests from this host need none */
export function adminApp(parts: AppParts & { readonly tokens: () => AdminTokens }): AdminApp {
  const app = bareApp();
  app.use(accessControl(parts.tokens, isOpen));
  app.use(admission(parts));
  app.route('/', pageRoutes());
  return finished(app, ENDPOINTS, parts);
}

/** @param isLocal whether only this host can reach the address, so that web pages and proxies have to be kept out */
export function metricsApp(parts: AppParts & { readonly isLocal: boolean }): AdminApp {
  const app = bareApp();
  if (parts.isLocal) app.use(onlyFromThisHost());
  app.use(admission(parts));
  return finished(app, healthEndpoints, parts);
}

function bareApp(): AdminApp {
  const app: AdminApp = new Hono();
  app.use(async (context, next) => {
    await next();
    // An answer describes the moment it was made; a cached one would mislead.
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  return app;
}

function finished(app: AdminApp, endpoints: readonly Endpoint[], { logger, ...parts }: AppParts): AdminApp {
  mount(app, endpoints, parts);
  refuseOtherMethods(app);
  const hint = endpoints === ENDPOINTS ? '/openapi.json lists every path' : `ask for ${pathsOf(endpoints)}`;
  app.notFound((context) => context.json({ error: `There is nothing at ${context.req.path}; ${hint}` }, 404));
  const lines = new LineLimit(logger);
  app.onError((error, context) => failure(error, context, lines));
  return app;
}

/** Middleware that lets a connection in, for which there may be no room; not for what anybody may ask. */
function admission({ connections }: AppParts): MiddlewareHandler<OnNode> {
  return async (context, next) => {
    const { path } = context.req;
    if (!isOpen(path) && !isPagePath(path) && !connections.admit(context.env.incoming.socket)) {
      const error =
        'There are too many connections to the admin interface (adminLimits); close one, or try again later';
      return context.json({ error }, 503, { connection: 'close', 'retry-after': '1' });
    }
    await next();
    return undefined;
  };
}

function pathsOf(endpoints: readonly Endpoint[]): string {
  return alternatives(endpoints.map(({ path }) => path));
}

/** Answers 405 where a path exists, but not for the method of the request. Must be added after all other routes. */
function refuseOtherMethods(app: AdminApp): void {
  for (const [path, methods] of methodsByPath(app)) app.all(path, notAllowed(methods.join(', ')));
}

/** @returns the methods of each path; middleware, which Hono lists under the method `ALL`, is left out */
function methodsByPath(app: AdminApp): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map<string, readonly string[]>();
  for (const { path, method } of app.routes.filter(({ method }) => method !== 'ALL')) {
    // Hono answers HEAD by the handler of GET (RFC 9110 section 9.3.2).
    const methods = [...(byPath.get(path) ?? []), ...(method === 'GET' ? ['GET', 'HEAD'] : [method])];
    byPath.set(path, [...new Set(methods)]);
  }
  return byPath;
}

function notAllowed(allow: string): Handler {
  return (context) =>
    context.json({ error: `${context.req.method} is not allowed here; use ${allow}` }, 405, { allow });
}

const STATUS = { unknown: 404, conflict: 409, invalid: 400 } as const satisfies Record<ChangeProblem, number>;

function failure(error: Error, context: Context, lines: LineLimit): Response {
  if (error instanceof ChangeError) return context.json({ error: error.message }, STATUS[error.problem]);
  if (error instanceof ReloadError || error instanceof StartError) return context.json({ error: error.message }, 409);
  if (error instanceof ConfigError || error instanceof UsageError) return context.json({ error: error.message }, 400);
  if (error instanceof RequestError) return context.json({ error: error.message }, error.status);
  if (context.req.raw.signal.aborted) {
    // The client has closed its connection: there is nobody to answer, and such clients must not fill the log.
    lines.log('debug', 'admin request given up by its sender', { path: context.req.path });
    return context.body(null, 400);
  }
  lines.log('error', 'admin request failed', { path: context.req.path, reason: error.message });
  return context.json({ error: 'The request failed; the log says why' }, 500);
}
