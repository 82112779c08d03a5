/** control/admin/app.ts: the admin interface as a function of a request: what a prober, a person or a script may ask. */
import { type Context, type Handler, Hono } from 'hono';
import { ConfigError } from '../../config/config-error.js';
import { UsageError } from '../../config/usage-error.js';
import { ChangeError, type ChangeProblem, ReloadError, StartError } from '../errors.js';
import type { Logger } from '../logger.js';
import { accessControl } from './access.js';
import type { Feed } from './feed.js';
import { metrics } from './metrics.js';
import { operatingRoutes } from './operating.js';
import { pageRoutes } from './page.js';
import { type AdminSource, poolRoutes } from './pools.js';
import { reloadRoutes } from './reloading.js';
import { RequestError } from './request-error.js';
import { watchRoutes } from './stream.js';
import type { AdminToken } from './token.js';

export type { AdminSource } from './pools.js';

/**
 * @param token what every request has to show but those for health and for the page; without one, being on this host is
 * enough
 */
export function adminApp(source: AdminSource, feed: Feed, logger: Logger, token: () => AdminToken | undefined): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // Every answer is of the moment.
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.use(accessControl(token));
  app.route('/', pageRoutes());
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => readiness(context, source.notReady()));
  app.get('/metrics', (context) => metrics(context, source.readings()));
  app.get('/openapi.json', describe);
  app.get('/api', (context) => context.json(source.view()));
  app.get('/api/workers', (context) => context.json(source.view().workers));
  app.route('/api', watchRoutes(source.journal, feed));
  app.route('/api', operatingRoutes(source));
  app.route('/api', reloadRoutes(source));
  app.route('/api/pools', poolRoutes(source));
  refuseOtherMethods(app);
  app.notFound((context) => context.json({ error: `There is nothing at ${context.req.path}` }, 404));
  app.onError((error, context) => failure(error, context, logger));
  return app;
}

async function describe(context: Context): Promise<Response> {
  const [{ openApiDocument }, { productVersion }] = await Promise.all([
    import('./openapi/document.js'),
    import('../../version.js'),
  ]);
  return context.json(openApiDocument(productVersion()));
}

/** Answers 405 where a path is asked by a method that it does not have. Comes after all routes. */
function refuseOtherMethods(app: Hono): void {
  for (const [path, methods] of methodsByPath(app)) app.all(path, notAllowed(methods.join(', ')));
}

/** @returns what may be asked, by path; what is for every method and path is no route */
function methodsByPath(app: Hono): ReadonlyMap<string, readonly string[]> {
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

function readiness(context: Context, reasons: readonly string[]): Response {
  return reasons.length === 0 ? context.text('ready\n') : context.text(`${reasons.join('\n')}\n`, 503);
}
