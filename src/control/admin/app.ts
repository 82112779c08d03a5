/** control/admin/app.ts: the admin interface as a function of a request: what a prober, a person or a script may ask. */
import { type Context, type Handler, Hono } from 'hono';
import { ChangeError, type ChangeProblem } from '../errors.js';
import type { Logger } from '../logger.js';
import { accessControl } from './access.js';
import { type AdminSource, poolRoutes } from './pools.js';
import { RequestError } from './request-error.js';
import type { AdminToken } from './token.js';

export type { AdminSource } from './pools.js';

/** @param token what every request but those for health has to show; without one, being on this host is enough */
export function adminApp(source: AdminSource, logger: Logger, token: AdminToken | undefined): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // Every answer is of the moment, and none is a page.
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.use(accessControl(token));
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => readiness(context, source.notReady()));
  app.get('/api', (context) => context.json(source.view()));
  app.get('/api/workers', (context) => context.json(source.view().workers));
  app.route('/api/pools', poolRoutes(source));
  for (const [path, methods] of Object.entries(METHODS)) app.all(path, notAllowed(methods));
  app.notFound((context) => context.json({ error: `There is nothing at ${context.req.path}` }, 404));
  app.onError((error, context) => failure(error, context, logger));
  return app;
}

/** For `Allow`, where a path is asked by any other method. */
const METHODS: Readonly<Record<string, string>> = {
  '/healthz': 'GET, HEAD',
  '/readyz': 'GET, HEAD',
  '/api': 'GET, HEAD',
  '/api/workers': 'GET, HEAD',
  '/api/pools': 'GET, HEAD',
  '/api/pools/:pool': 'GET, HEAD',
  '/api/pools/:pool/backends': 'POST',
  '/api/pools/:pool/backends/:id': 'GET, HEAD, PATCH, DELETE',
};

function notAllowed(allow: string): Handler {
  return (context) =>
    context.json({ error: `${context.req.method} is not allowed here; use ${allow}` }, 405, { allow });
}

const STATUS = { unknown: 404, conflict: 409, invalid: 400 } as const satisfies Record<ChangeProblem, number>;

function failure(error: Error, context: Context, logger: Logger): Response {
  if (error instanceof ChangeError) return context.json({ error: error.message }, STATUS[error.problem]);
  if (error instanceof RequestError) return context.json({ error: error.message }, error.status);
  logger.error('admin request failed', { path: context.req.path, reason: error.message });
  return context.json({ error: 'The request failed; the log says why' }, 500);
}

function readiness(context: Context, reasons: readonly string[]): Response {
  return reasons.length === 0 ? context.text('ready\n') : context.text(`${reasons.join('\n')}\n`, 503);
}
