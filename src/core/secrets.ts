/**
 * core/secrets.ts: the keys, and contents of files, that the primary sends to its workers. They are one value beside the configuration, so that
 * a further key is a further field here and changes nothing on the way.
 */
import type * as z from 'zod';
import type {
  backendTlsSchema,
  poolTlsMaterialSchema,
  secretsSchema,
  tlsCertificateSchema,
  tlsMaterialSchema,
} from './schemas.js';

export type Secrets = z.infer<typeof secretsSchema>;
export type TlsMaterial = z.infer<typeof tlsMaterialSchema>;
export type TlsCertificate = z.infer<typeof tlsCertificateSchema>;
export type BackendTlsMaterial = z.infer<typeof backendTlsSchema>;
export type PoolTlsMaterial = z.infer<typeof poolTlsMaterialSchema>;

export const NO_SECRETS: Secrets = {};
