/** control/admin/app.ts: the admin interface as a function of a request: what a prober, a person or a script may ask. */
import { type Context, type Handler, Hono } from 'hono';
import { ConfigError } from '../../config/config-error.js';
import { UsageError } from '../../config/usage-error.js';
import { ChangeError, type ChangeProblem, ReloadError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { accessControl } from './access.js';
import { mount, type OnNode } from './endpoint.js';
import { ENDPOINTS } from './endpoints.js';
import type { Feed } from './feed.js';
import { pageRoutes } from './page.js';
import { RequestError } from './request-error.js';
import type { AdminSource } from './source.js';
import type { AdminToken } from './token.js';

type AdminApp = Hono<OnNode>;

const OPEN_PATHS = ENDPOINTS.filter(({ open }) => open === true).map(({ path }) => path);

/**
 * @param token what every request has to show but those for health and for the page; without one, being on this host is
 * enough
 */
export function adminApp(
  source: AdminSource,
  feed: Feed,
  logger: Logger,
  token: () => AdminToken | undefined,
): AdminApp {
  const app: AdminApp = new Hono();
  app.use(async (context, next) => {
    await next();
    // Every answer is of the moment.
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.use(accessControl(token, OPEN_PATHS));
  app.route('/', pageRoutes());
  mount(app, ENDPOINTS, { source, feed });
  refuseOtherMethods(app);
  app.notFound((context) => context.json({ error: `There is nothing at ${context.req.path}` }, 404));
  app.onError((error, context) => failure(error, context, logger));
  return app;
}

/** Answers 405 where a path is asked by a method that it does not have. Comes after all routes. */
function refuseOtherMethods(app: AdminApp): void {
  for (const [path, methods] of methodsByPath(app)) app.all(path, notAllowed(methods.join(', ')));
}

/** @returns what may be asked, by path; what is for every method and path is no route */
function methodsByPath(app: AdminApp): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map<string, readonly string[]>();
  for (const { path, method } of app.routes.filter(({ method }) => method !== 'ALL')) {
    // Whatever answers GET answers HEAD (RFC 9110 section 9.3.2).
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

function failure(error: Error, context: Context, logger: Logger): Response {
  if (error instanceof ChangeError) return context.json({ error: error.message }, STATUS[error.problem]);
  if (error instanceof ReloadError || error instanceof StartError) return context.json({ error: error.message }, 409);
  if (error instanceof ConfigError || error instanceof UsageError) return context.json({ error: error.message }, 400);
  if (error instanceof RequestError) return context.json({ error: error.message }, error.status);
  if (context.req.raw.signal.aborted) {
    // Nobody is left to answer, and whoever goes away in the middle must not fill the log.
    logger.debug('admin request given up by its sender', { path: context.req.path });
    return context.body(null, 400);
  }
  logger.error('admin request failed', { path: context.req.path, reason: error.message });
  return context.json({ error: 'The request failed; the log says why' }, 500);
}
