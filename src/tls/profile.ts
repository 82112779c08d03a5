/**
 * tls/profile.ts: versions, ciphers and groups by Mozilla's recommendations (Server Side TLS 5.7). The server's order of
 * ciphers counts, as scanners want it, but for ChaCha20: a client that prefers it has no hardware for AES.
 */
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** All of TLS 1.3; of TLS 1.2 those with forward secrecy and authenticated encryption. */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** How long a session may be resumed, in seconds. */
export const SESSION_S = 7_200;

const GROUPS = 'X25519:prime256v1:secp384r1';
/** With the exchange that quantum computers cannot undo, which OpenSSL has from 3.5 on. */
const HYBRID_GROUPS = `X25519MLKEM768:${GROUPS}`;

const ORDER = constants.SSL_OP_CIPHER_SERVER_PREFERENCE | constants.SSL_OP_PRIORITIZE_CHACHA;
/** No renegotiation: a client could have a server do the costly part again and again on one connection. */
const OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | ORDER;
/** A server cannot have a client repeat the handshake either. The order of ciphers is the server's business. */
const CLIENT_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;

let groups: string | undefined;

/** @returns what every context of a server has in common */
export function serverProfile(minVersion: 'TLSv1.2' | 'TLSv1.3'): SecureContextOptions {
  groups ??= knowsHybrid() ? HYBRID_GROUPS : GROUPS;
  return { minVersion, maxVersion: 'TLSv1.3', ciphers: CIPHERS, ecdhCurve: groups, secureOptions: OPTIONS };
}

/** @returns what every context of a client, which is what this balancer is for its backends, has in common */
export function clientProfile(minVersion: 'TLSv1.2' | 'TLSv1.3'): SecureContextOptions {
  return { ...serverProfile(minVersion), secureOptions: CLIENT_OPTIONS };
}

/** Whether this Node's OpenSSL has the hybrid exchange. */
function knowsHybrid(): boolean {
  try {
    createSecureContext({ ecdhCurve: HYBRID_GROUPS, ca: [] });
    return true;
  } catch {
    return false;
  }
}
