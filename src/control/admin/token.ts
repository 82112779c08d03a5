/**
 * control/admin/token.ts: the secret that opens the admin interface to whoever shows it. It comes from the environment
 * only: a command line can be read by every user of the host, and a configuration is printed and sent to the workers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { UsageError } from '../../config/usage-error.js';

export const TOKEN_VARIABLE = 'ROUNDHOUSE_ADMIN_TOKEN';
const SHORTEST = 16;

const tokenSchema = z
  .string()
  .regex(new RegExp(`^[\\x21-\\x7e]{${SHORTEST},}$`))
  .brand<'AdminToken'>();
export type AdminToken = z.infer<typeof tokenSchema>;

/**
 * @returns the token, or `undefined` when there is none
 * @throws {UsageError} when what there is could be guessed or not be sent
 */
export function adminTokenFrom(environment: Readonly<Record<string, string | undefined>>): AdminToken | undefined {
  const text = environment[TOKEN_VARIABLE];
  if (text === undefined || text === '') return undefined;
  const parsed = tokenSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${TOKEN_VARIABLE}: a token has at least ${SHORTEST} characters, all visible ASCII`);
}

/** Reads the token out of the environment and takes it from there, so that no child process inherits it. */
export function takeAdminToken(environment: Record<string, string | undefined>): AdminToken | undefined {
  const token = adminTokenFrom(environment);
  delete environment[TOKEN_VARIABLE];
  return token;
}

/**
 * @param header `Authorization`, as RFC 6750 section 2.1 has it
 * @returns whether it shows `token`; takes equally long whatever it shows
 */
export function showsToken(header: string | undefined, token: AdminToken): boolean {
  const shown = /^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(shown), digest(token));
}

/** All of one length, which the comparison needs and which hides how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
