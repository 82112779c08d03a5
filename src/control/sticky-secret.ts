/**
 * control/sticky-secret.ts: the secret that signs sticky cookies. It comes from the environment or from a file of its
 * own: a command line can be read by every user of the host, and a configuration is printed. Instances with the same
 * secret honour each other's cookies.
 */
import { randomBytes } from 'node:crypto';
import { readConfigFile } from '../config/read-file.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../config/usage-error.js';
import type { Logger } from './logger.js';

export const SECRET_VARIABLE = 'ROUNDHOUSE_STICKY_SECRET';
const SHORTEST = 16;
const RANDOM_BYTES = 32;

/**
 * Reads the secret out of the environment, and takes it from there so that no child process inherits it, or else from
 * the file that the configuration names.
 * @returns `undefined` when neither says one, or no pool is sticky
 * @throws {ConfigError} when the file cannot be read
 * @throws {UsageError} when what there is could be guessed
 */
export async function takeStickySecret(
  environment: Record<string, string | undefined>,
  { pools }: Config,
): Promise<string | undefined> {
  const given = environment[SECRET_VARIABLE] ?? '';
  delete environment[SECRET_VARIABLE];
  const sticky = Object.values(pools).flatMap((pool) => pool.sticky ?? []);
  if (sticky.length === 0) return undefined;
  if (given !== '') return stickySecretOf(SECRET_VARIABLE, given);
  const file = sticky.map(({ secretFile }) => secretFile).find((path) => path !== undefined);
  return file === undefined ? undefined : stickySecretOf(file, (await readConfigFile(file)).trim());
}

/** @returns a secret that ends with this process */
export function passingSecret(logger: Logger): string {
  logger.warn('sticky cookies end with this process: set a secret to keep them', { variable: SECRET_VARIABLE });
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/** @throws {UsageError} when `text` could be guessed */
export function stickySecretOf(source: string, text: string): string {
  if (text.length >= SHORTEST) return text;
  throw new UsageError(`${source}: a secret has at least ${SHORTEST} characters`);
}
