/**
 * control/admin/token.ts: the bearer token of the admin interface. It comes from the environment or from a file of its
 * own: a command line can be read by every user of the host, and a configuration is printed and sent to the workers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Environment } from '../../config/from-args.js';
import { readConfigFile } from '../../config/read-file.js';
import { UsageError } from '../../config/usage-error.js';
import type { Logger } from '../logger.js';

export const TOKEN_VARIABLE = 'ROUNDHOUSE_ADMIN_TOKEN';
const MIN_LENGTH = 16;
/** The permission bit by which every user of the host may read a file. */
const READABLE_BY_ALL = 0o004;

const tokenSchema = z
  .string()
  .regex(new RegExp(`^[\\x21-\\x7e]{${MIN_LENGTH},}$`))
  .brand<'AdminToken'>();
export type AdminToken = z.infer<typeof tokenSchema>;

/**
 * @returns the token in the environment, or `undefined` when there is none
 * @throws {UsageError} when it is shorter than 16 characters, or has any that are not visible ASCII
 */
export function adminTokenFrom(environment: Environment): AdminToken | undefined {
  const text = environment[TOKEN_VARIABLE];
  return text === undefined || text === '' ? undefined : adminTokenOf(TOKEN_VARIABLE, text);
}

/** Reads the token from the environment and deletes it there, so that no child process inherits it. */
export function takeAdminToken(environment: Record<string, string | undefined>): AdminToken | undefined {
  const token = adminTokenFrom(environment);
  delete environment[TOKEN_VARIABLE];
  return token;
}

/**
 * @throws {ConfigError} when the file cannot be read
 * @throws {UsageError} when its token is shorter than 16 characters, or has any that are not visible ASCII
 */
export async function adminTokenIn(file: string): Promise<AdminToken> {
  return adminTokenOf(file, (await readConfigFile(file)).trim());
}

/** Logs a warning when every user of the host may read the token's file. */
export async function warnIfReadableByAll(file: string, logger: Logger): Promise<void> {
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  if ((mode & READABLE_BY_ALL) === 0 || process.platform === 'win32') return;
  logger.warn('every user of this host can read the admin token; take that right away (chmod o-r)', { file });
}

/**
 * @param header the `Authorization` field (RFC 6750 section 2.1)
 * @returns whether it carries `token`; takes the same time for every value, so the time reveals nothing
 */
export function showsToken(header: string | undefined, token: AdminToken): boolean {
  const shown = /^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(shown), digest(token));
}

/** @throws {UsageError} when `text` is shorter than 16 characters, or has any that are not visible ASCII */
export function adminTokenOf(source: string, text: string): AdminToken {
  const parsed = tokenSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${source}: a token has at least ${MIN_LENGTH} characters, all visible ASCII`);
}

/** A hash: the comparison needs two values of one length, and this one does not depend on the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
