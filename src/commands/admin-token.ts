/**
 * commands/admin-token.ts: which token the admin interface asks for: that of the file named by a flag, that of the
 * environment, or that of the file named elsewhere, in this order. A file is read again on SIGHUP.
 */
import type { Args } from '../config/from-args.js';
import type { Config } from '../config/schema.js';
import { type AdminToken, adminTokenIn, takeAdminToken, warnIfReadableByAll } from '../control/admin/token.js';
import type { Balancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';

export class TokenSource {
  readonly #fromEnvironment: AdminToken | undefined;

  private constructor(fromEnvironment: AdminToken | undefined) {
    this.#fromEnvironment = fromEnvironment;
  }

  /**
   * Takes the token out of `environment`, so that no child process inherits it.
   * @throws {UsageError} when what is there could be guessed
   */
  static take({ adminTokenFile }: Args, environment: Record<string, string | undefined>): TokenSource {
    const token = takeAdminToken(environment);
    return new TokenSource(adminTokenFile === undefined ? token : undefined);
  }

  /**
   * @returns `undefined` where nothing names a token, or nobody would be asked for it
   * @throws {ConfigError | UsageError} when the file cannot be read, or what it holds could be guessed
   */
  async read({ admin, adminTokenFile: file }: Config, logger: Logger): Promise<AdminToken | undefined> {
    if (admin === 'off') return undefined;
    if (this.#fromEnvironment !== undefined || file === undefined) return this.#fromEnvironment;
    const token = await adminTokenIn(file);
    await warnIfReadableByAll(file, logger);
    return token;
  }

  /** Never fails: a file that cannot be used is logged, and the token stays as it was. */
  async refresh(balancer: Balancer, logger: Logger): Promise<void> {
    const { adminTokenFile: file } = balancer.config;
    if (this.#fromEnvironment !== undefined || file === undefined) return;
    try {
      balancer.setAdminToken(await this.read(balancer.config, logger));
      logger.info('admin token read again', { file });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('admin token not read again; the old one stays', { file, reason });
    }
  }
}
