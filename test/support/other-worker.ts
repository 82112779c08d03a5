/** test/support/other-worker.ts: another worker of a {@link TestProxy}'s host, as far as it borrows permits. */
import type { PermitReport } from '../../src/core/permit-ledger.js';
import type { TestProxy } from './proxy.js';

export class OtherWorker {
  private readonly proxy: TestProxy;
  private readonly key: string;

  constructor(proxy: TestProxy, key: string) {
    this.proxy = proxy;
    this.key = key;
  }

  /** Holds `count` permits, whether or not they are free. */
  take(count: number): void {
    this.report({ taken: count });
  }

  /** Returns `count` permits. */
  release(count: number): void {
    this.report({ returned: count });
  }

  /** Its process is gone. */
  leave(): void {
    this.proxy.lend(this.proxy.ledger.leave(2));
  }

  private report(change: Partial<PermitReport>): void {
    // It uses what it holds, so it has acted on every order.
    const heard = Number.MAX_SAFE_INTEGER;
    const report = { key: this.key, wanted: 0, returned: 0, taken: 0, heard, ...change };
    this.proxy.lend(this.proxy.ledger.report(2, [report]));
  }
}
