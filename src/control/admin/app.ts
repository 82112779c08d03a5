/** control/admin/app.ts: the admin interface as a function of a request: what a prober, a person or a script may ask. */
import { isIP } from 'node:net';
import { type Context, Hono } from 'hono';
import type { Logger } from '../logger.js';
import { type BalancerView, notReadyReasons } from '../view.js';

export interface AdminSource {
  view(): BalancerView;
}

export function adminApp(source: AdminSource, logger: Logger): Hono {
  const app = new Hono();
  app.use(async (context, next) => refusal(context) ?? (await next()));
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => readiness(context, source.view()));
  app.get('/api', (context) => context.json(source.view()));
  app.get('/api/pools', (context) => context.json(source.view().pools));
  app.get('/api/workers', (context) => context.json(source.view().workers));
  app.notFound((context) => context.json({ error: `There is nothing at ${context.req.path}` }, 404));
  app.onError((error, context) => {
    logger.error('admin request failed', { path: context.req.path, reason: error.message });
    return context.json({ error: 'The request failed; the log says why' }, 500);
  });
  return app;
}

function readiness(context: Context, view: BalancerView): Response {
  const reasons = notReadyReasons(view);
  return reasons.length === 0 ? context.text('ready\n') : context.text(`${reasons.join('\n')}\n`, 503);
}

function refusal(context: Context): Response | undefined {
  if (!isTrustedHost(context.req.header('host'))) {
    return context.json({ error: 'Ask by IP address or as localhost' }, 403);
  }
  if (context.req.method === 'GET' || context.req.method === 'HEAD') return undefined;
  return context.json({ error: `${context.req.method} is not allowed` }, 405, { allow: 'GET, HEAD' });
}

/**
 * A name in `Host` may be one that an attacker's page resolves to this address (DNS rebinding), and the browser would
 * then let that page read the answer. An IP literal or localhost cannot be rebound.
 */
function isTrustedHost(host: string | undefined): boolean {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d{1,5})?$/.exec(host ?? '');
  if (match === null) return false;
  const [, inBrackets, bare = ''] = match;
  return inBrackets === undefined ? isIP(bare) === 4 || bare.toLowerCase() === 'localhost' : isIP(inBrackets) === 6;
}
