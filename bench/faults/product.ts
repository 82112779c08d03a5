/** bench/faults/product.ts: what the bench needs of a proxy: start it in front of backends, and what operators do to it. */
import type { Child, Children } from '../children.js';

/** The health checks, time limits and retries that every product is given, as far as it has them. */
export const SETTINGS = {
  checkIntervalMs: 1_000,
  checkTimeoutMs: 1_000,
  rise: 2,
  fall: 3,
  connectMs: 1_000,
  responseMs: 4_000,
  retries: 2,
  /** How long a request may wait for a place at a backend. */
  queueMs: 1_000,
  idleConnections: 128,
  /** How long an answer of a name server is used, however short its TTL. */
  nameValidMs: 1_000,
} as const;

export interface ProductSetup {
  /** Where clients are to connect, on 127.0.0.1. */
  readonly port: number;
  /** `host:port` of each, by name where there are `names`. */
  readonly backends: readonly string[];
  /** Where the backends' names are to be asked for; `undefined` where they are addresses. */
  readonly names: NameServer | undefined;
  /** Worker processes or threads. */
  readonly workers: number;
  /** Requests that one backend may be given at a time; `undefined` sets no limit. */
  readonly maxConnections: number | undefined;
  /** The product is to run on these CPU cores alone; empty leaves it free. */
  readonly cores: readonly number[];
}

export interface NameServer {
  /** `IP:port` */
  readonly server: string;
  /** `host:port`, a name that stands for all backends. */
  readonly pool: string;
}

/** How to get at a running product, for an operator or for misfortune. */
export interface Operations {
  /** @returns the process id of one of its workers */
  readonly workerPid: () => Promise<number>;
  /** Replaces every worker by a new one, without a client noticing if it can. */
  readonly replaceWorkers: () => Promise<void>;
  /** Gives the backend at `address` no new request. */
  readonly drain: (address: string) => Promise<void>;
  /** Takes it back. */
  readonly undrain: (address: string) => Promise<void>;
  /** Has it read a configuration in which the last backend has another weight. */
  readonly reload: (weight: number) => Promise<void>;
}

/** A product that was started. What it cannot do is missing. */
export interface RunningProduct extends Partial<Operations> {
  readonly child: Child;
}

export interface Product {
  readonly name: string;
  /** @returns what is installed, or why the product cannot take part */
  readonly find: () => { readonly label: string } | { readonly missing: string };
  /** It differs from another one only where the proxy has more to do than it can. */
  readonly onlySaturated?: true;
  /** Why an operation is missing. */
  readonly lacks: Readonly<Partial<Record<keyof Operations, string>>>;
  /** How it is set up, in a sentence for those who read the results. */
  readonly settings: string;
  /** @returns once it was started, which is before it serves @throws {Error} when it cannot be */
  readonly start: (children: Children, setup: ProductSetup) => Promise<RunningProduct>;
}
