/**
 * library/secrets.ts: the secrets of a balancer inside a program: what the program gives, or else the files that the
 * configuration names. The program's environment is its own, and not looked at.
 */
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../config/usage-error.js';
import { type AdminToken, adminTokenIn, adminTokenOf } from '../control/admin/token.js';
import type { Reading } from '../control/reloads.js';
import { StickySecretSource, stickySecretOf } from '../control/sticky-secret.js';

export interface GivenSecrets {
  /** What requests to the admin interface have to show, 16 characters or more; needed beyond loopback. */
  readonly adminToken?: string;
  /** What signs sticky cookies, 16 characters or more; without it they end with this balancer. */
  readonly stickySecret?: string;
}

type AllSecrets = Pick<Reading, 'adminToken' | 'secrets'>;

/** @throws {ConfigError} when a file cannot be read, or a secret could be guessed */
export async function secretsOf(config: Config, { adminToken, stickySecret }: GivenSecrets): Promise<AllSecrets> {
  try {
    return {
      adminToken: adminToken === undefined ? await tokenInFile(config) : adminTokenOf('adminToken', adminToken),
      secrets: {
        stickyKey:
          stickySecret === undefined
            ? await StickySecretSource.take({}).read(config)
            : stickySecretOf('stickySecret', stickySecret),
      },
    };
  } catch (error) {
    throw error instanceof UsageError ? new ConfigError([error.message]) : error;
  }
}

async function tokenInFile({ admin, adminTokenFile }: Config): Promise<AdminToken | undefined> {
  return admin === 'off' || adminTokenFile === undefined ? undefined : adminTokenIn(adminTokenFile);
}
