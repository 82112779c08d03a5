/**
 * control/admin/access.ts: access control of the admin interface. Without a token it listens on this host alone, and
 * the remaining threats are a web page in a browser on this host and a proxy. With a token, requests without it get
 * nothing but the health endpoints and the dashboard's files, which hold no data.
 */
import { BlockList, isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { isPagePath } from './page.js';
import { type AdminTokens, hasToken, rightShown, TOKEN_PLACES } from './token.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether `host`, an IP literal or a name without port, is this host's loopback. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === 'localhost' : LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Middleware that answers 401 to a request without a token, and 403 to a change by one that may only look or from a web
 * page of another site.
 * @param isOpen whether a path needs no token: it says only whether the balancer runs, and probers hold no secret
 */
export function accessControl(tokens: () => AdminTokens, isOpen: (path: string) => boolean): MiddlewareHandler {
  return async (context, next) => {
    const asked = tokens();
    const refusal = hasToken(asked) ? tokenRefusal(context, asked, isOpen) : localRefusal(context);
    const refused = refusal ?? crossSiteRefusal(context);
    if (refused !== undefined) return refused;
    await next();
    return undefined;
  };
}

/** Middleware for an address without tokens that only this host can reach. */
export function onlyFromThisHost(): MiddlewareHandler {
  return async (context, next) => {
    const refused = localRefusal(context);
    if (refused !== undefined) return refused;
    await next();
    return undefined;
  };
}

/** Whether a request with this method leaves everything as it is. */
function onlyLooks(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * The fields by which proxies say for whom they ask. A request with one of them is not from this host, whatever its
 * connection: a proxy on this host, the balancer itself among them, may have an address in its pools that is this one.
 */
const FIELDS_OF_PROXIES = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'client-ip',
] as const;

/** Where there is no token: refuses what a web page may have sent by a name of its own, and what came through a proxy. */
function localRefusal(context: Context): Response | undefined {
  // A target in absolute form names a host, too, which then counts instead of `Host` (RFC 9112 section 3.2.2).
  if (!isTrustedHost(context.req.header('host')) || !isTrustedHost(new URL(context.req.url).host)) {
    return context.json({ error: 'Ask by IP address or as localhost' }, 403);
  }
  const field = FIELDS_OF_PROXIES.find((name) => context.req.header(name) !== undefined);
  if (field === undefined) return undefined;
  const error = `This came through a proxy (${field}); without a token only requests from this host itself are answered`;
  return context.json({ error }, 403);
}

function tokenRefusal(context: Context, tokens: AdminTokens, isOpen: (path: string) => boolean): Response | undefined {
  const { path, method } = context.req;
  if (isOpen(path) || isPagePath(path)) return undefined;
  const right = rightShown(context.req.header('authorization'), tokens);
  if (right === 'change' || (right === 'view' && onlyLooks(method))) return undefined;
  if (right === 'view') {
    const { variable } = TOKEN_PLACES.change;
    return context.json({ error: `This token may only look; changes take the token of ${variable}` }, 403);
  }
  const error = 'This needs the token of this balancer, as "Authorization: Bearer TOKEN"';
  return context.json({ error }, 401, { 'www-authenticate': 'Bearer realm="roundhouse"' });
}

/**
 * Refuses changes sent by pages of other sites: a browser sends them, even if the page never sees the answer (CSRF).
 */
function crossSiteRefusal(context: Context): Response | undefined {
  const { method } = context.req;
  if (onlyLooks(method)) return undefined;
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
 * Whether a `Host` field is an IP literal or localhost. Any other name may be one that an attacker's page has resolved
 * to this address (DNS rebinding), and a browser would let that page read the answer.
 */
function isTrustedHost(host: string | undefined): boolean {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d{1,5})?$/.exec(host ?? '');
  if (match === null) return false;
  const [, inBrackets, bare = ''] = match;
  return inBrackets === undefined ? isIP(bare) === 4 || bare.toLowerCase() === 'localhost' : isIP(inBrackets) === 6;
}
