/**
 * core/schemas.ts: zod schemas of the core types that processes send to each other. The types are inferred from them
 * with `import type`, so that workers, which trust what their primary sends, do not load zod: 12 MiB and 50 ms per
 * process.
 */
import * as z from 'zod';

/** Id of a backend: its configured address, a name in lower case. `drain ID` takes it, and every table and metric shows it. */
export const backendIdSchema = z.string().brand<'BackendId'>();

export const backendSchema = z
  .object({
    id: backendIdSchema,
    /** The IP address to connect to, or `unix:/path`, a socket file; a name until the primary has resolved it. */
    host: z.string(),
    /** The name that it was found under, where each address of a name is a backend (`resolve: all`). */
    name: z.string().optional(),
    /** 0 for a socket file. */
    port: z.int().min(0).max(65_535),
    /** Share of the traffic relative to the weights of the other backends. */
    weight: z.int().min(1),
    /** The backend is used only when no backend of a lower tier can serve. */
    tier: z.int().min(0),
    /** Requests that the whole host may have open on the backend at once; 0: no limit. */
    maxConnections: z.int().min(0),
    /** Set by the operator. `draining`: no new requests; those under way are finished. */
    admin: z.enum(['enabled', 'draining', 'maintenance']),
    /** While it drains: whether clients whose sticky cookie names it stay on it. Absent is `false`. */
    keepSessions: z.boolean().optional(),
    /** Set by the health checks. `unknown` (not probed yet) counts as usable. */
    health: z.enum(['unknown', 'up', 'down']),
    /** Set by passive outlier detection. */
    outlier: z.enum(['in', 'ejected']),
    /** When the backend became usable, in epoch milliseconds; 0 if it has been since the pool was created. */
    usableSince: z.number().min(0),
  })
  .readonly();

export const poolSnapshotSchema = z
  .object({
    pool: z.string(),
    /** Grows by exactly one with each change, so that a worker notices a change that it missed. */
    version: z.int().min(0),
    backends: z.array(backendSchema).readonly(),
  })
  .readonly();

/**
 * One change of a pool: a backend was added or changed (`upsert`), or removed; or many at once (`several`), those in
 * `backends` added or changed and those in `ids` removed. `version` is the one that it leads to.
 */
export const poolChangeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('upsert'), pool: z.string(), version: z.int(), backend: backendSchema }),
  z.object({ kind: z.literal('removed'), pool: z.string(), version: z.int(), id: backendIdSchema }),
  z.object({
    kind: z.literal('several'),
    pool: z.string(),
    version: z.int(),
    /** The version that it changes. */
    since: z.int(),
    backends: z.array(backendSchema).readonly(),
    ids: z.array(backendIdSchema).readonly(),
  }),
]);

/** A certificate with its key, as workers use it. */
export const tlsCertificateSchema = z
  .object({
    /** SHA-256 of the certificate, in hexadecimal. */
    fingerprint: z.string(),
    /** The names in it, in lower case: DNS names, wildcards and IP addresses. */
    names: z.array(z.string()).readonly(),
    /** Kind of its key, as Node calls it: `rsa`, `ec`, `ed25519`. */
    keyType: z.string(),
    /** PEM: the certificate, and behind it the intermediate ones. */
    cert: z.string(),
    /** PEM, not encrypted. */
    key: z.string(),
  })
  .readonly();

/** What a worker needs for the handshakes on one listener. */
export const tlsMaterialSchema = z
  .object({
    /** Name of the listener. */
    listener: z.string(),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']),
    /** What is offered by ALPN (RFC 7301), the preferred one first; empty: nothing is. */
    protocols: z.array(z.string()).readonly(),
    /** The first is for unknown names. */
    certificates: z.array(tlsCertificateSchema).readonly(),
    clientAuth: z
      .object({
        required: z.boolean(),
        /** PEM. */
        ca: z.array(z.string()).readonly(),
        /** PEM. */
        crl: z.array(z.string()).readonly(),
      })
      .optional(),
    /**
     * Encrypts session tickets; 48 bytes in base64. It is the same in all workers, and that of no other listener where
     * clients are asked for certificates.
     */
    ticketKey: z.string(),
    /** The key before, whose tickets are still accepted; absent once no session of its time can be resumed. */
    previousTicketKey: z.string().optional(),
  })
  .readonly();

/** What is needed for the handshakes with the backends of one pool. */
export const poolTlsMaterialSchema = z
  .object({
    /** Whether the certificates of backends are verified. */
    verify: z.boolean(),
    /** The CAs that backends' certificates are from, in PEM; absent: those of the system. */
    ca: z.array(z.string()).readonly().optional(),
    /** The name that is asked for and verified; absent: each backend's own. */
    servername: z.string().optional(),
    /** What is shown to backends that ask for a certificate, in PEM; the key is not encrypted. */
    shown: z.object({ cert: z.string(), key: z.string() }).readonly().optional(),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']),
    /** What is offered by ALPN, the preferred one first; empty: nothing is. */
    protocols: z.array(z.string()).readonly(),
  })
  .readonly();

/** What is needed for TLS to backends. */
export const backendTlsSchema = z
  .object({
    /** The CAs of the system, in PEM; absent where no pool needs them, or where they are those that Node brings along. */
    systemCa: z.array(z.string()).readonly().optional(),
    /** By name of the pool. */
    pools: z.record(z.string(), poolTlsMaterialSchema),
  })
  .readonly();

/**
 * What the data plane works with and that never enters the configuration, which is printed and exported: keys, and the
 * contents of files that the configuration names.
 */
export const secretsSchema = z
  .object({
    /** Signs the cookies of sticky pools; absent while no pool is sticky. */
    stickyKey: z.string().optional(),
    /** For each listener that speaks TLS; absent where none does. */
    tls: z.array(tlsMaterialSchema).readonly().optional(),
    /** For each pool whose backends speak TLS; absent where none does. */
    backendTls: backendTlsSchema.optional(),
    /** Contents of the files that fixed answers and pages are in, by path, one byte a character; absent without any. */
    pages: z.record(z.string(), z.string()).optional(),
  })
  .readonly();

/** The challenges that a CA has set and that are open (core/acme.ts). */
export const acmeChallengesSchema = z
  .object({
    /** Key authorizations by token, for HTTP-01. */
    http: z.record(z.string(), z.string()).readonly(),
    /** For TLS-ALPN-01: a name, and the certificate, with its key, that proves it; both in PEM. */
    tls: z.array(z.object({ name: z.string(), cert: z.string(), key: z.string() }).readonly()).readonly(),
  })
  .readonly();

/** A worker's index among the live workers, from 0, and how many live workers there are. */
export const shareSchema = z.object({ index: z.int().min(0), of: z.int().min(1) }).readonly();

/** What is in maintenance: requests to it are answered with 503. */
export const maintenanceSchema = z
  .strictObject({
    /** Everything. */
    all: z.boolean(),
    /** Names of routes. */
    routes: z.array(z.string()).readonly(),
    /** Names of pools. */
    pools: z.array(z.string()).readonly(),
  })
  .readonly()
  .meta({ id: 'Maintenance' });
