/**
 * control/admin/token.ts: the secret that opens the admin interface to whoever shows it. It comes from the environment
 * or from a file of its own: a command line can be read by every user of the host, and a configuration is printed and
 * sent to the workers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { readConfigFile } from '../../config/read-file.js';
import { UsageError } from '../../config/usage-error.js';
import type { Logger } from '../logger.js';

export const TOKEN_VARIABLE = 'ROUNDHOUSE_ADMIN_TOKEN';
const SHORTEST = 16;
/** The permission bit by which every user of the host may read a file. */
const READABLE_BY_ALL = 0o004;

const tokenSchema = z
  .string()
  .regex(new RegExp(`^[\\x21-\\x7e]{${SHORTEST},}$`))
  .brand<'AdminToken'>();
export type AdminToken = z.infer<typeof tokenSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @returns the token in the environment, or `undefined` when there is none
 * @throws {UsageError} when what there is could be guessed or not be sent
 */
export function adminTokenFrom(environment: Environment): AdminToken | undefined {
  const text = environment[TOKEN_VARIABLE];
  return text === undefined || text === '' ? undefined : adminTokenOf(TOKEN_VARIABLE, text);
}

/** Reads the token out of the environment and takes it from there, so that no child process inherits it. */
export function takeAdminToken(environment: Record<string, string | undefined>): AdminToken | undefined {
  const token = adminTokenFrom(environment);
  delete environment[TOKEN_VARIABLE];
  return token;
}

/**
 * @throws {ConfigError} when the file cannot be read
 * @throws {UsageError} when what it holds could be guessed or not be sent
 */
export async function adminTokenIn(file: string): Promise<AdminToken> {
  return adminTokenOf(file, (await readConfigFile(file)).trim());
}

/** A secret that every user of the host can read is none. */
export async function warnIfReadableByAll(file: string, logger: Logger): Promise<void> {
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  if ((mode & READABLE_BY_ALL) === 0 || process.platform === 'win32') return;
  logger.warn('every user of this host can read the admin token; take that right away (chmod o-r)', { file });
}

/**
 * @param header `Authorization`, as RFC 6750 section 2.1 has it
 * @returns whether it shows `token`; takes equally long whatever it shows
 */
export function showsToken(header: string | undefined, token: AdminToken): boolean {
  const shown = /^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(shown), digest(token));
}

/** @throws {UsageError} when `text` could be guessed or not be sent */
export function adminTokenOf(source: string, text: string): AdminToken {
  const parsed = tokenSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${source}: a token has at least ${SHORTEST} characters, all visible ASCII`);
}

/** All of one length, which the comparison needs and which hides how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
