/**
 * control/sticky-secret.ts: reads or makes the key that signs sticky cookies. It comes from the environment or from a
 * file of its own, since a command line can be read by every user of the host and a configuration is printed. Instances
 * with the same key accept each other's cookies.
 */
import { randomBytes } from 'node:crypto';
import { readConfigFile } from '../config/read-file.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../config/usage-error.js';
import type { Secrets } from '../core/secrets.js';
import type { Logger } from './logger.js';

export const SECRET_VARIABLE = 'ROUNDHOUSE_STICKY_SECRET';
const SHORTEST = 16;
const RANDOM_BYTES = 32;

/** Reads the secret from the environment, or else from the file that a configuration names. */
export class StickySecretSource {
  readonly #given: string;

  private constructor(given: string) {
    this.#given = given;
  }

  /** Takes the secret out of `environment`, so that no child process inherits it. */
  static take(environment: Record<string, string | undefined>): StickySecretSource {
    const given = environment[SECRET_VARIABLE] ?? '';
    delete environment[SECRET_VARIABLE];
    return new StickySecretSource(given);
  }

  /**
   * @returns `undefined` where no secret is given, or no pool is sticky
   * @throws {ConfigError} when the file cannot be read
   * @throws {UsageError} when the secret is too short
   */
  async read({ pools }: Config): Promise<string | undefined> {
    const sticky = Object.values(pools).flatMap((pool) => pool.sticky ?? []);
    if (sticky.length === 0) return undefined;
    if (this.#given !== '') return stickySecretOf(SECRET_VARIABLE, this.#given);
    const file = sticky.map(({ secretFile }) => secretFile).find((path) => path !== undefined);
    return file === undefined ? undefined : stickySecretOf(file, (await readConfigFile(file)).trim());
  }
}

/**
 * Chooses the secrets to use: the given ones, or else those in use, or else, where a pool is sticky, a random key.
 * @param given secrets that an operator has provided
 * @param before secrets in use until now
 */
export function completeSecrets(given: Secrets, before: Secrets, { pools }: Config, logger: Logger): Secrets {
  const stickyKey = given.stickyKey ?? before.stickyKey;
  const isNeeded = Object.values(pools).some(({ sticky }) => sticky !== undefined);
  return { ...given, stickyKey: stickyKey === undefined && isNeeded ? temporaryKey(logger) : stickyKey };
}

/** @returns a random key, lost when this process ends */
function temporaryKey(logger: Logger): string {
  logger.warn('sticky cookies end with this process: set a secret to keep them', { variable: SECRET_VARIABLE });
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/**
 * @returns `text`. @throws {UsageError} when it is too short
 * @param source variable or file that it comes from
 */
export function stickySecretOf(source: string, text: string): string {
  if (text.length >= SHORTEST) return text;
  throw new UsageError(`${source}: a secret has at least ${SHORTEST} characters`);
}
