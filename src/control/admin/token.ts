/**
 * control/admin/token.ts: the bearer tokens of the admin interface: one for whoever may change the balancer, and one for
 * whoever may only look. They come from the environment or from files of their own: a command line can be read by every
 * user of the host, and a configuration is printed and sent to the workers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Environment } from '../../config/from-args.js';
import { readConfigFile } from '../../config/read-file.js';
import { UsageError } from '../../config/usage-error.js';
import type { Logger } from '../logger.js';

const MIN_LENGTH = 16;
/** The permission bit by which every user of the host may read a file. */
const READABLE_BY_ALL = 0o004;

const tokenSchema = z
  .string()
  .regex(new RegExp(`^[\\x21-\\x7e]{${MIN_LENGTH},}$`))
  .brand<'AdminToken'>();
export type AdminToken = z.infer<typeof tokenSchema>;

/** What a token allows: `change` everything, or only `view` it. */
export type AdminRight = 'change' | 'view';

/** The tokens that requests have to show; without either, requests from this host need none. */
export type AdminTokens = Readonly<Partial<Record<AdminRight, AdminToken | undefined>>>;

export const NO_TOKENS: AdminTokens = {};

/** Where each token comes from: a variable of the environment, or the file that a key of the configuration names. */
export const TOKEN_PLACES = {
  change: { variable: 'ROUNDHOUSE_ADMIN_TOKEN', file: 'adminTokenFile' },
  view: { variable: 'ROUNDHOUSE_ADMIN_VIEW_TOKEN', file: 'adminViewTokenFile' },
} as const satisfies Record<AdminRight, { readonly variable: string; readonly file: string }>;

/**
 * @returns the token in the environment, or `undefined` when there is none
 * @throws {UsageError} when it is shorter than 16 characters, or has any that are not visible ASCII
 */
export function adminTokenFrom(environment: Environment, right: AdminRight = 'change'): AdminToken | undefined {
  const { variable } = TOKEN_PLACES[right];
  const text = environment[variable];
  return text === undefined || text === '' ? undefined : adminTokenOf(variable, text);
}

/** Reads the token from the environment and deletes it there, so that no child process inherits it. */
export function takeAdminToken(
  environment: Record<string, string | undefined>,
  right: AdminRight = 'change',
): AdminToken | undefined {
  const token = adminTokenFrom(environment, right);
  delete environment[TOKEN_PLACES[right].variable];
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

/** @returns `tokens`. @throws {UsageError} when the one that may only look is the one that may change things */
export function checkedTokens(tokens: AdminTokens): AdminTokens {
  if (tokens.view === undefined || tokens.view !== tokens.change) return tokens;
  throw new UsageError(
    `The token that may only look (${TOKEN_PLACES.view.variable} or ${TOKEN_PLACES.view.file}) is the one that may ` +
      'change things; give it another',
  );
}

export function hasToken({ change, view }: AdminTokens): boolean {
  return change !== undefined || view !== undefined;
}

/**
 * @param header the `Authorization` field (RFC 6750 section 2.1)
 * @returns what the token in it allows; takes the same time for every value, so the time reveals nothing
 */
export function rightShown(header: string | undefined, { change, view }: AdminTokens): AdminRight | undefined {
  const shown = digest(/^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '');
  const mayChange = isSame(shown, change);
  const mayView = isSame(shown, view);
  if (mayChange) return 'change';
  return mayView ? 'view' : undefined;
}

/** @throws {UsageError} when `text` is shorter than 16 characters, or has any that are not visible ASCII */
export function adminTokenOf(source: string, text: string): AdminToken {
  const parsed = tokenSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${source}: a token has at least ${MIN_LENGTH} characters, all visible ASCII`);
}

function isSame(shown: Buffer, token: AdminToken | undefined): boolean {
  return token !== undefined && timingSafeEqual(shown, digest(token));
}

/** A hash: the comparison needs two values of one length, and this one does not depend on the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
