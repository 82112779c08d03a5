/**
 * control/admin/access.ts: who may ask what. Without a token only this host can reach the admin interface, and what is
 * left to fear is a web page in a browser on it; with one, only who shows it gets past health and the empty dashboard.
 */
import { BlockList, isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { isPagePath } from './page.js';
import { type AdminToken, showsToken } from './token.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @param host an IP literal or a name, without port */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === 'localhost' : LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Lets through who may ask; answers 401 or 403 to everybody else.
 * @param open paths that need no token: they say nothing but that the balancer runs, and probers hold no secret
 */
export function accessControl(token: () => AdminToken | undefined, open: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const refused = strangerRefusal(context, token(), open) ?? pageRefusal(context);
    if (refused !== undefined) return refused;
    await next();
    return undefined;
  };
}

function strangerRefusal(
  context: Context,
  token: AdminToken | undefined,
  open: readonly string[],
): Response | undefined {
  if (token === undefined) {
    // The target may name a host as well (RFC 9112 section 3.2.2), and then that is the one that is asked for.
    return isTrustedHost(context.req.header('host')) && isTrustedHost(new URL(context.req.url).host)
      ? undefined
      : context.json({ error: 'Ask by IP address or as localhost' }, 403);
  }
  const { path } = context.req;
  if (open.includes(path) || isPagePath(path)) return undefined;
  if (showsToken(context.req.header('authorization'), token)) return undefined;
  const error = 'This needs the token of this balancer, as "Authorization: Bearer TOKEN"';
  return context.json({ error }, 401, { 'www-authenticate': 'Bearer realm="roundhouse"' });
}

/** A page of another site can make a browser send a change even though it never sees the answer (CSRF). */
function pageRefusal(context: Context): Response | undefined {
  const { method } = context.req;
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = context.req.header('sec-fetch-site');
  const origin = context.req.header('origin');
  const isOwn = site === undefined || site === 'same-origin';
  if (isOwn && (origin === undefined || isSameOrigin(origin, context.req.header('host')))) return undefined;
  return context.json({ error: 'A page of another site may not change anything here' }, 403);
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
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
