/** workers/http/https-redirect.ts: sends clients of a listener with `redirectHttps` to https. */
import { parseAddress, socketFileOf } from '../../src/core/address.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { Redirect } from '../../src/routing/redirect.js';
import type { WorkerContext } from '../worker-context.js';
import type { LocalAnswer } from './local-answer.js';
import { redirected } from './route.js';

const HTTPS_PORT = 443;

/** What is known of the ports of the worker's listeners. */
type Listening = Pick<WorkerContext, 'config' | 'portOf'>;

/**
 * @param target the port to send clients to; `true`: that of the first listener with TLS
 * @returns the answer, which names the URL of the request with https
 */
export function httpsRedirect(target: number | true, listening: Listening, head: RequestHead): LocalAnswer {
  const port = target === true ? httpsPortOf(listening) : target;
  const authority = port === HTTPS_PORT ? '{host}' : `{host}:${port}`;
  return redirected(new Redirect(`https://${authority}{path}{query}`, 308, 0), head);
}

/** @returns the port of the first listener with https that has one; 443 where that is not known, as of a passed socket */
function httpsPortOf({ config, portOf }: Listening): number {
  const secure = config.listeners.find(
    ({ address, tls, protocol }) => tls !== undefined && protocol !== 'tcp' && socketFileOf(address) === undefined,
  );
  const parsed = parseAddress(secure?.address ?? '', 0);
  const configured = typeof parsed === 'string' ? HTTPS_PORT : parsed.port;
  // Port 0 is any that is free.
  return configured === 0 ? (portOf(secure?.name ?? '') ?? HTTPS_PORT) : configured;
}
