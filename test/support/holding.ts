/** test/support/holding.ts: a backend that answers each request when the test says so, and waits built on it. */
import { POOL_COLUMNS, type PoolColumn } from '../../src/messages.js';
import { type Backend, startBackend } from './backend.js';
import { eventually } from './eventually.js';
import type { TestProxy } from './proxy.js';

/** A backend that answers each request with its path, and only when told to. */
export class Holding {
  /** Paths of the requests it has and has not answered, in the order of their arrival. */
  readonly open: string[] = [];
  /** The highest number of requests that were open at the same time. */
  most = 0;
  private readonly answers = new Map<string, () => void>();
  private readonly backend: Promise<Backend>;
  private started: Backend | undefined;

  constructor() {
    this.backend = startBackend((request, response) => {
      const path = request.url ?? '';
      this.open.push(path);
      this.most = Math.max(this.most, this.open.length);
      this.answers.set(path, () => response.end(path));
      // Answered or gone with its connection.
      response.once('close', () => this.open.splice(this.open.indexOf(path), 1));
    });
  }

  async start(): Promise<this> {
    this.started = await this.backend;
    return this;
  }

  get address(): string {
    return this.started?.address ?? '';
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.started?.accepted ?? 0;
  }

  /** Connections open now. */
  get connections(): number {
    return this.started?.open ?? 0;
  }

  /** Waits for the request for `path` and answers it. */
  async answer(path: string): Promise<void> {
    await eventually(`${path} is at the backend`, () => this.open.includes(path));
    this.answers.get(path)?.();
    await eventually(`${path} is answered`, () => !this.open.includes(path));
  }

  /** Answers the next `count` requests, whatever their paths. */
  async answerNext(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await eventually('a request is at the backend', () => this.open.length > 0);
      await this.answer(this.open[0] ?? '');
    }
  }
}

export const holding = (): Promise<Holding> => new Holding().start();

/** Stops the worker. @returns what it has counted of its pool in all */
export function counted(proxy: TestProxy, column: PoolColumn): number {
  proxy.worker.stop();
  const at = POOL_COLUMNS.indexOf(column);
  return proxy.counted.reduce((sum, { ofPool }) => sum + (ofPool[at] ?? Number.NaN), 0);
}

/** Settles when `count` requests wait for a backend. */
export const waits = (proxy: TestProxy, count: number): Promise<void> =>
  eventually(`${count} requests wait`, () => proxy.pool.dispatch.waiting === count);
