/** bench/faults/product.ts: how a proxy is started in front of backends, and what an operator can do to it. */
import type { Child, Children } from '../children.js';

/** Health checks, time limits and retries of every product, as far as it has them. */
export const SETTINGS = {
  checkIntervalMs: 1_000,
  checkTimeoutMs: 1_000,
  rise: 2,
  fall: 3,
  connectMs: 1_000,
  responseMs: 4_000,
  retries: 2,
  /** Limit of a request's time in the queue of a pool. */
  queueMs: 1_000,
  idleConnections: 128,
  /** How long an answer of a name server is used, however short its TTL. */
  nameValidMs: 1_000,
} as const;

export interface ProductSetup {
  /** Port on 127.0.0.1 where the product listens. */
  readonly port: number;
  /** `host:port` of each backend; the host is a name where there are `names`. */
  readonly backends: readonly string[];
  /** The name server that knows the backends' names; `undefined` where backends are given by address. */
  readonly names: NameServer | undefined;
  /** Number of worker processes or threads. */
  readonly workers: number;
  /** Limit of requests at one backend at a time; `undefined` for none. */
  readonly maxConnections: number | undefined;
  /** CPU cores that the product is pinned to; empty for any core. */
  readonly cores: readonly number[];
}

export interface NameServer {
  /** `IP:port` */
  readonly server: string;
  /** `host:port`, a name that stands for all backends. */
  readonly pool: string;
}

/** What an operator, or a fault, can do to a running product. */
export interface Operations {
  /** @returns the process id of one of its workers */
  readonly workerPid: () => Promise<number>;
  /** Replaces every worker by a new one, without a client noticing if it can. */
  readonly replaceWorkers: () => Promise<void>;
  /** Gives the backend at `address` no new request. */
  readonly drain: (address: string) => Promise<void>;
  /** Gives the backend at `address` requests again. */
  readonly undrain: (address: string) => Promise<void>;
  /** Makes the product read a configuration in which the last backend has this weight. */
  readonly reload: (weight: number) => Promise<void>;
}

/** A started product; an operation that it does not offer is missing. */
export interface RunningProduct extends Partial<Operations> {
  readonly child: Child;
}

export interface Product {
  readonly name: string;
  /** @returns what is installed, or why the product cannot take part */
  readonly find: () => { readonly label: string } | { readonly missing: string };
  /** The product takes part only in overloads of the proxy, where alone it differs from another product. */
  readonly onlySaturated?: true;
  /** The reason for each missing operation. */
  readonly lacks: Readonly<Partial<Record<keyof Operations, string>>>;
  /** The product's settings, as a sentence for readers of RESULTS.md. */
  readonly settings: string;
  /** Starts the process; it may not serve yet when this returns. @throws {Error} when it cannot be started */
  readonly start: (children: Children, setup: ProductSetup) => Promise<RunningProduct>;
}
