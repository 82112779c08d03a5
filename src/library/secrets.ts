/**
 * library/secrets.ts: the secrets of a balancer inside a program: those that the program gives, otherwise those in the
 * files that the configuration names. The environment belongs to the program and is not read.
 */
import { ConfigError } from '../config/config-error.js';
import { readPageFiles } from '../config/page-files.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../config/usage-error.js';
import {
  type AdminToken,
  type AdminTokens,
  adminTokenIn,
  adminTokenOf,
  checkedTokens,
  NO_TOKENS,
} from '../control/admin/token.js';
import type { Reading } from '../control/reloads.js';
import { StickySecretSource, stickySecretOf } from '../control/sticky-secret.js';

/** The secrets that a program can give. */
export interface GivenSecrets {
  /** Token that requests to the admin interface must have, 16 characters or more; required beyond loopback. */
  readonly adminToken?: string;
  /** A second token, which may only look. */
  readonly adminViewToken?: string;
  /** Secret that signs sticky cookies, 16 characters or more; without it they are valid until this balancer ends. */
  readonly stickySecret?: string;
}

type AllSecrets = Pick<Reading, 'adminTokens' | 'secrets'>;

/** @throws {ConfigError} if a file cannot be read, or a secret is too easy to guess */
export async function secretsOf(config: Config, given: GivenSecrets): Promise<AllSecrets> {
  const { stickySecret } = given;
  try {
    return {
      adminTokens: config.admin === 'off' ? NO_TOKENS : await tokensOf(config, given),
      secrets: {
        stickyKey:
          stickySecret === undefined
            ? await StickySecretSource.take({}).read(config)
            : stickySecretOf('stickySecret', stickySecret),
        pages: await readPageFiles(config),
      },
    };
  } catch (error) {
    throw error instanceof UsageError ? new ConfigError([error.message]) : error;
  }
}

async function tokensOf(config: Config, { adminToken, adminViewToken }: GivenSecrets): Promise<AdminTokens> {
  return checkedTokens({
    change: await tokenOf('adminToken', adminToken, config.adminTokenFile),
    view: await tokenOf('adminViewToken', adminViewToken, config.adminViewTokenFile),
  });
}

async function tokenOf(
  option: keyof GivenSecrets,
  given: string | undefined,
  file: string | undefined,
): Promise<AdminToken | undefined> {
  if (given !== undefined) return adminTokenOf(option, given);
  return file === undefined ? undefined : adminTokenIn(file);
}
