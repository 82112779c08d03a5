/** dashboard/model/picture.ts: the state of the page: the last view, its history, and the journal. No I/O. */
import { History, type Sample, type Track } from './history.js';
import { rowKey } from './rows.js';
import type { BackendView, BalancerView, JournalEntry, PoolView, WorkerView } from './wire.js';

/** Journal entries that are kept; older ones are in the log. */
const MOST_ENTRIES = 300;

export class Picture {
  view: BalancerView | undefined;
  /** Journal entries, newest first. */
  entries: readonly JournalEntry[] = [];
  readonly #backends = new History();
  readonly #pools = new History();
  readonly #workers = new History();
  readonly #all = new History();

  /** Replaces the view and adds a sample of each value that is drawn. */
  advance(view: BalancerView): void {
    this.view = view;
    for (const pool of view.pools) {
      for (const backend of pool.backends) this.#backends.of(rowKey(pool.name, backend.id)).push(sampleOf(backend));
      this.#pools.of(pool.name).push(poolSample(pool));
    }
    for (const worker of view.workers) this.#workers.of(workerKey(worker)).push(workerSample(worker));
    this.total.push(totalSample(view));
    this.#forget(view);
  }

  /** Replaces a backend that was just changed on this page, before the next view comes. */
  replace(poolName: string, backend: BackendView): void {
    if (this.view === undefined) return;
    const pools = this.view.pools.map((pool) => {
      if (pool.name !== poolName) return pool;
      return { ...pool, backends: pool.backends.map((each) => (each.id === backend.id ? backend : each)) };
    });
    this.view = { ...this.view, pools };
  }

  /** Adds journal entries. @returns those that were not known yet, oldest first */
  tell(entries: readonly JournalEntry[]): readonly JournalEntry[] {
    const known = new Set(this.entries.map(({ id }) => id));
    const fresh = entries.filter(({ id }) => !known.has(id));
    this.entries = [...fresh.toReversed(), ...this.entries].slice(0, MOST_ENTRIES);
    return fresh;
  }

  get total(): Track {
    return this.#all.of('');
  }

  backend(pool: string, id: string): Track {
    return this.#backends.of(rowKey(pool, id));
  }

  pool(name: string): Track {
    return this.#pools.of(name);
  }

  worker(worker: WorkerView): Track {
    return this.#workers.of(workerKey(worker));
  }

  #forget(view: BalancerView): void {
    const keysOf = ({ name, backends }: PoolView): string[] => backends.map(({ id }) => rowKey(name, id));
    this.#backends.keep(new Set(view.pools.flatMap(keysOf)));
    this.#pools.keep(new Set(view.pools.map(({ name }) => name)));
    this.#workers.keep(new Set(view.workers.map(workerKey)));
  }
}

/** @returns the key of a worker; a slot has two workers while one replaces the other */
export function workerKey({ worker, pid }: WorkerView): string {
  return `${worker} ${pid ?? ''}`;
}

function sampleOf({ requestsPerSecond, errorRate, latency, retries }: BackendView): Sample {
  return { requestsPerSecond, errorRate, p50: latency.p50 ?? Number.NaN, p99: latency.p99 ?? Number.NaN, retries };
}

function poolSample({ requestsPerSecond, errorRate, latency, backends }: PoolView): Sample {
  const retries = sum(backends.map((backend) => backend.retries));
  return { requestsPerSecond, errorRate, p50: latency.p50 ?? Number.NaN, p99: latency.p99 ?? Number.NaN, retries };
}

function workerSample({ requestsPerSecond }: WorkerView): Sample {
  return { requestsPerSecond, errorRate: Number.NaN, p50: Number.NaN, p99: Number.NaN, retries: 0 };
}

/** @returns the sample of the whole balancer; quantiles cannot be added, so they are those of the slowest pool */
function totalSample({ totals, pools }: BalancerView): Sample {
  const samples = pools.map(poolSample);
  const requests = sum(samples.map(({ requestsPerSecond }) => requestsPerSecond));
  const errors = sum(samples.map(({ requestsPerSecond, errorRate }) => requestsPerSecond * errorRate));
  const slowest = samples.toSorted((a, b) => (b.p99 || 0) - (a.p99 || 0))[0];
  return {
    requestsPerSecond: totals.requestsPerSecond,
    errorRate: requests === 0 ? 0 : errors / requests,
    p50: slowest?.p50 ?? Number.NaN,
    p99: slowest?.p99 ?? Number.NaN,
    retries: sum(samples.map(({ retries }) => retries)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
