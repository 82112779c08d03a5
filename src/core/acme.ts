/** core/acme.ts: what primary and workers both know of ACME (RFC 8555), by which a CA gives out certificates. */
import type * as z from 'zod';
import type { acmeChallengesSchema } from './schemas.js';

export type AcmeChallenges = z.infer<typeof acmeChallengesSchema>;

export const NO_CHALLENGES: AcmeChallenges = { http: {}, tls: [] };

/** How a host proves to the CA that a name is its own: over HTTP (RFC 8555 section 8.3), or over TLS (RFC 8737). */
export const ACME_CHALLENGES = ['http-01', 'tls-alpn-01'] as const;
export type AcmeChallengeType = (typeof ACME_CHALLENGES)[number];

/** What of a listener matters here. */
interface SecurableListener {
  readonly tls?: { readonly acme?: unknown } | undefined;
  readonly protocol?: string | undefined;
}

/** Whether clients speak HTTP without TLS on a listener. */
export function isPlainHttp({ tls, protocol }: SecurableListener): boolean {
  return tls === undefined && protocol !== 'tcp';
}

/** @returns how names are proved where the configuration does not say */
export function defaultChallenge(listeners: readonly SecurableListener[]): AcmeChallengeType {
  return listeners.some(isPlainHttp) ? 'http-01' : 'tls-alpn-01';
}

/** Whether a listener has a certificate that comes by ACME. */
export function usesAcme(listeners: readonly SecurableListener[]): boolean {
  return listeners.some(({ tls }) => tls?.acme !== undefined);
}
