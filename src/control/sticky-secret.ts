/**
 * control/sticky-secret.ts: the secret that signs sticky cookies. It comes from the environment or from a file of its
 * own: a command line can be read by every user of the host, and a configuration is printed. Instances with the same
 * secret honour each other's cookies.
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

/** The secret of the environment, or else of the file that a configuration names, which is read for each of them. */
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
   * @returns `undefined` when nobody says one, or no pool is sticky
   * @throws {ConfigError} when the file cannot be read
   * @throws {UsageError} when what there is could be guessed
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
 * @param given what an operator has provided
 * @param before what was in use until now
 * @returns the secrets to use: given, or else those before, or else, where a pool is sticky, a new random key
 */
export function completeSecrets(given: Secrets, before: Secrets, { pools }: Config, logger: Logger): Secrets {
  const stickyKey = given.stickyKey ?? before.stickyKey;
  const isNeeded = Object.values(pools).some(({ sticky }) => sticky !== undefined);
  return stickyKey === undefined && isNeeded ? { stickyKey: temporaryKey(logger) } : { stickyKey };
}

/** @returns a random key, lost when this process ends */
function temporaryKey(logger: Logger): string {
  logger.warn('sticky cookies end with this process: set a secret to keep them', { variable: SECRET_VARIABLE });
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/** @throws {UsageError} when `text` could be guessed */
export function stickySecretOf(source: string, text: string): string {
  if (text.length >= SHORTEST) return text;
  throw new UsageError(`${source}: a secret has at least ${SHORTEST} characters`);
}
