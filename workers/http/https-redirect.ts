/** workers/http/https-redirect.ts: sends clients of a listener with `redirectHttps` to https. */
import type { Config } from '../../src/config/schema.js';
import { parseAddress, socketFileOf } from '../../src/core/address.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { Redirect } from '../../src/routing/redirect.js';
import type { LocalAnswer } from './local-answer.js';
import { redirected } from './route.js';

const HTTPS_PORT = 443;

/**
 * @param target the port to send clients to; `true`: that of the first listener with TLS
 * @param portOf the port that the listener of a name listens on; `undefined` while it does not
 * @returns the answer, which names the URL of the request with https
 */
export function httpsRedirect(
  target: number | true,
  config: Config,
  portOf: (listener: string) => number | undefined,
  head: RequestHead,
): LocalAnswer {
  const port = target === true ? httpsPortOf(config, portOf) : target;
  const authority = port === HTTPS_PORT ? '{host}' : `{host}:${port}`;
  return redirected(new Redirect(`https://${authority}{path}{query}`, 308, 0), head);
}

/** @returns the port of the first listener with https that has one; 443 where that is not known, as of a passed socket */
function httpsPortOf({ listeners }: Config, portOf: (listener: string) => number | undefined): number {
  const secure = listeners.find(
    ({ address, tls, protocol }) => tls !== undefined && protocol !== 'tcp' && socketFileOf(address) === undefined,
  );
  const parsed = parseAddress(secure?.address ?? '', 0);
  const configured = typeof parsed === 'string' ? HTTPS_PORT : parsed.port;
  // Port 0 is any that is free.
  return configured === 0 ? (portOf(secure?.name ?? '') ?? HTTPS_PORT) : configured;
}
