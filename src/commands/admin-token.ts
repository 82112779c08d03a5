/**
 * commands/admin-token.ts: the tokens that the admin interface requires. Each comes from the file that a flag names,
 * from the environment, or from the file that a variable or the configuration names, in this order. SIGHUP reads the
 * files again.
 */
import type { Args } from '../config/from-args.js';
import type { Config } from '../config/schema.js';
import {
  type AdminRight,
  type AdminToken,
  type AdminTokens,
  adminTokenIn,
  checkedTokens,
  NO_TOKENS,
  TOKEN_PLACES,
  takeAdminToken,
  warnIfReadableByAll,
} from '../control/admin/token.js';
import type { RunningBalancer } from '../control/balancer.js';
import type { Logger } from '../control/logger.js';

export class TokenSource {
  readonly #fromEnvironment: AdminTokens;

  private constructor(fromEnvironment: AdminTokens) {
    this.#fromEnvironment = fromEnvironment;
  }

  /**
   * Reads the tokens in `environment` and removes them there, so that no child process inherits them.
   * @throws {UsageError} if a token is too easy to guess
   */
  static take(args: Args, environment: Record<string, string | undefined>): TokenSource {
    const taken = { change: takeAdminToken(environment, 'change'), view: takeAdminToken(environment, 'view') };
    return new TokenSource({
      change: args.adminTokenFile === undefined ? taken.change : undefined,
      view: args.adminViewTokenFile === undefined ? taken.view : undefined,
    });
  }

  /**
   * @returns the tokens; none if none are configured or there is no admin interface
   * @throws {ConfigError | UsageError} if a file cannot be read, or a token is too easy to guess
   */
  async read(config: Config, logger: Logger): Promise<AdminTokens> {
    if (config.admin === 'off') return NO_TOKENS;
    const [change, view] = await Promise.all([
      this.#read('change', config, logger),
      this.#read('view', config, logger),
    ]);
    return checkedTokens({ change, view });
  }

  /** Reads the files again. Never throws: if a file cannot be used, that is logged and the old tokens stay. */
  async refresh(balancer: RunningBalancer, logger: Logger): Promise<void> {
    const files = this.#filesIn(balancer.config);
    if (files.length === 0) return;
    try {
      balancer.setAdminTokens(await this.read(balancer.config, logger));
      logger.info('admin token read again', { files });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('admin token not read again; the old one stays', { files, reason });
    }
  }

  async #read(right: AdminRight, config: Config, logger: Logger): Promise<AdminToken | undefined> {
    const file = config[TOKEN_PLACES[right].file];
    const given = this.#fromEnvironment[right];
    if (given !== undefined || file === undefined) return given;
    const token = await adminTokenIn(file);
    await warnIfReadableByAll(file, logger);
    return token;
  }

  #filesIn(config: Config): readonly string[] {
    return (['change', 'view'] as const).flatMap((right) => {
      const file = config[TOKEN_PLACES[right].file];
      return file === undefined || this.#fromEnvironment[right] !== undefined ? [] : [file];
    });
  }
}
