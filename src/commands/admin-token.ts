/**
 * commands/admin-token.ts: the token that the admin interface requires. It comes from the file that a flag names, from
 * the environment, or from the file that a variable or the configuration names, in this order. SIGHUP reads the file
 * again.
 */
import type { Args } from '../config/from-args.js';
import type { Config } from '../config/schema.js';
import { type AdminToken, adminTokenIn, takeAdminToken, warnIfReadableByAll } from '../control/admin/token.js';
import type { RunningBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';

export class TokenSource {
  readonly #fromEnvironment: AdminToken | undefined;

  private constructor(fromEnvironment: AdminToken | undefined) {
    this.#fromEnvironment = fromEnvironment;
  }

  /**
   * Reads the token in `environment` and removes it there, so that no child process inherits it.
   * @throws {UsageError} if the token is too easy to guess
   */
  static take({ adminTokenFile }: Args, environment: Record<string, string | undefined>): TokenSource {
    const token = takeAdminToken(environment);
    return new TokenSource(adminTokenFile === undefined ? token : undefined);
  }

  /**
   * @returns the token; `undefined` if none is configured or there is no admin interface
   * @throws {ConfigError | UsageError} if the file cannot be read, or the token is too easy to guess
   */
  async read({ admin, adminTokenFile: file }: Config, logger: Logger): Promise<AdminToken | undefined> {
    if (admin === 'off') return undefined;
    if (this.#fromEnvironment !== undefined || file === undefined) return this.#fromEnvironment;
    const token = await adminTokenIn(file);
    await warnIfReadableByAll(file, logger);
    return token;
  }

  /** Reads the token's file again. Never throws: if the file cannot be used, that is logged and the old token stays. */
  async refresh(balancer: RunningBalancer, logger: Logger): Promise<void> {
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
