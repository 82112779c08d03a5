/** tls/outcomes.ts: how TLS handshakes with clients end. Workers count each outcome; metrics show the counts. */

/** Handshakes that succeeded, by version and whether a session was resumed. */
export const SECURED = ['TLSv1.2', 'TLSv1.2 resumed', 'TLSv1.3', 'TLSv1.3 resumed'] as const;

/** Why handshakes fail. */
export const HANDSHAKE_FAILURES = [
  // The client was too slow, or left.
  'timeout',
  'closed',
  // The client does not speak TLS, as a rule HTTP without it; or something else is wrong with what it sent.
  'plain-http',
  'invalid',
  // The two have nothing in common.
  'version',
  'cipher',
  'protocol',
  // The client refused what it was shown, or sent an alert for another reason.
  'refused-by-client',
  // The client's own certificate is missing or not trusted.
  'client-certificate',
  // There is no certificate to show.
  'no-certificate',
] as const;

type SecuredOutcome = (typeof SECURED)[number];
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];
export type HandshakeOutcome = SecuredOutcome | HandshakeFailure;

export const HANDSHAKE_OUTCOMES: readonly HandshakeOutcome[] = [...SECURED, ...HANDSHAKE_FAILURES];

/** @returns the outcome of a handshake that succeeded. @param version as Node has it */
export function securedOutcome(version: string, isResumed: boolean): SecuredOutcome {
  if (version === 'TLSv1.3') return isResumed ? 'TLSv1.3 resumed' : 'TLSv1.3';
  return isResumed ? 'TLSv1.2 resumed' : 'TLSv1.2';
}

/** OpenSSL's reasons, without the prefix that Node gives them. Alerts (`..._ALERT_...`) come from the client. */
const REASONS: readonly (readonly [RegExp, HandshakeFailure])[] = [
  [/^HTTPS?_(?:PROXY_)?REQUEST$/, 'plain-http'],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|UNKNOWN_PROTOCOL/, 'version'],
  [/NO_SHARED_CIPHER|NO_SUITABLE_(?:KEY_SHARE|GROUPS|SIGNATURE)|NO_SHARED_(?:SIGNATURE|GROUP)/, 'cipher'],
  [/NO_APPLICATION_PROTOCOL/, 'protocol'],
  [/PEER_DID_NOT_RETURN_A_CERTIFICATE|CERTIFICATE_VERIFY_FAILED/, 'client-certificate'],
  [/ALERT/, 'refused-by-client'],
];

/**
 * @returns why a handshake failed
 * @param code Node's code of what broke the connection, as in `ERR_SSL_NO_SHARED_CIPHER`; '' where the client just left
 */
export function failureOf(code: string): HandshakeFailure {
  if (!code.startsWith('ERR_SSL_')) return 'closed';
  const reason = code.slice('ERR_SSL_'.length);
  return REASONS.find(([pattern]) => pattern.test(reason))?.[1] ?? 'invalid';
}
