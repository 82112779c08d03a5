/** control/admin-endpoint.ts: the admin interface of a balancer, running or switched off, and the token that opens it. */

import type { AdminServer } from './admin/server.js';
import type { AdminSource } from './admin/source.js';
import type { AdminToken } from './admin/token.js';
import type { Logger } from './logger.js';

export class AdminEndpoint {
  #token: AdminToken | undefined;
  #server: AdminServer | undefined;

  constructor(token: AdminToken | undefined) {
    this.#token = token;
  }

  /** Where the interface really listens; `undefined` while it is off. */
  get address(): string | undefined {
    return this.#server?.address;
  }

  get token(): AdminToken | undefined {
    return this.#token;
  }

  /**
   * Listens on `address`, unless that is `off`. The code of the interface is loaded here, only where it is used.
   * @throws {StartError} when it cannot listen there, or not without a token
   */
  async start(address: string, source: AdminSource, logger: Logger): Promise<void> {
    if (address === 'off') return;
    const { startAdmin } = await import('./admin/server.js');
    this.#server = await startAdmin(address, source, logger, this.#token);
  }

  /**
   * Sets the token that requests have to show from now on.
   * @throws {StartError} when there is none, and the interface is open to the network
   */
  setToken(token: AdminToken | undefined): void {
    this.#server?.setToken(token);
    this.#token = token;
  }

  close(): void {
    this.#server?.close();
  }
}
