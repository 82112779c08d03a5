/** control/acme/renewals.ts: how far the certificates are that come by ACME, for the API and the metrics. */

export interface Renewal {
  /** Names of the certificate. */
  readonly names: readonly string[];
  /** Certificates that the CA has given out since this process began. */
  readonly issued: number;
  /** Orders that have failed since this process began. */
  readonly failed: number;
  /** Why the last order has failed; `undefined` where it has not. */
  readonly problem: string | undefined;
  /** When the certificate is ordered next, in epoch milliseconds; `undefined` while it is being ordered. */
  readonly nextMs: number | undefined;
}

/** Renewals by the order's key. */
export type Renewals = ReadonlyMap<string, Renewal>;
