/**
 * control/admin-endpoint.ts: the addresses on which a balancer is looked at and changed: the admin interface and
 * `metrics`, each of which may be off; and the tokens that open the former.
 */
import type { Config } from '../config/schema.js';
import type { AdminConnections, CloseReason } from './admin/connections.js';
import type { OpenServer } from './admin/http-server.js';
import type { AdminServer } from './admin/server.js';
import type { AdminSource } from './admin/source.js';
import type { AdminTokens } from './admin/token.js';
import type { Logger } from './logger.js';

/** What is counted of the connections to both addresses. */
export interface AdminCounts {
  readonly connections: number;
  /** @returns how many connections were closed for a reason since the start */
  closed(reason: CloseReason): number;
}

export class AdminEndpoint implements AdminCounts {
  #tokens: AdminTokens;
  #server: AdminServer | undefined;
  #metrics: (OpenServer & { readonly connections: AdminConnections }) | undefined;

  constructor(tokens: AdminTokens) {
    this.#tokens = tokens;
  }

  /** Where the interface really listens; `undefined` while it is off. */
  get address(): string | undefined {
    return this.#server?.address;
  }

  /** Where metrics can be had without the interface; `undefined` while that is off. */
  get metricsAddress(): string | undefined {
    return this.#metrics?.address;
  }

  /** All addresses that are listened on here. */
  get addresses(): readonly string[] {
    return [this.address, this.metricsAddress].filter((address) => address !== undefined);
  }

  get tokens(): AdminTokens {
    return this.#tokens;
  }

  get connections(): number {
    return (this.#server?.connections.size ?? 0) + (this.#metrics?.connections.size ?? 0);
  }

  closed(reason: CloseReason): number {
    return (this.#server?.connections.closed(reason) ?? 0) + (this.#metrics?.connections.closed(reason) ?? 0);
  }

  /**
   * Listens on the addresses that are not `off`. The code of the interface is loaded here, only where it is used.
   * @throws {StartError} when it cannot listen there, or not without a token
   */
  async start(config: Config, source: AdminSource, logger: Logger): Promise<void> {
    const { admin, metrics, adminLimits: limits } = config;
    if (admin === 'off' && metrics === 'off') return;
    const { startAdmin, startMetrics } = await import('./admin/server.js');
    const parts = { source, logger, limits };
    if (admin !== 'off') this.#server = await startAdmin({ ...parts, address: admin, tokens: this.#tokens });
    if (metrics !== 'off') this.#metrics = await startMetrics({ ...parts, address: metrics });
  }

  /**
   * Sets the tokens that requests have to show from now on.
   * @throws {StartError} when there is none, and the interface is open to the network
   */
  setTokens(tokens: AdminTokens): void {
    this.#server?.setTokens(tokens);
    this.#tokens = tokens;
  }

  close(): void {
    this.#server?.close();
    this.#metrics?.close();
  }
}
