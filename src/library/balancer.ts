/**
 * library/balancer.ts: a balancer inside a program or a test. It touches nothing of its host: no signal handler, no line
 * of output, no exit, and after `close` no handle that would keep the process alive.
 */
import type { ConfigInput } from '../config/schema.js';
import type { BackendInput, BackendPatch, BalancerView, RunningBalancer } from '../control/balancer.js';
import { ChangeError } from '../control/errors.js';
import type { JournalEntry } from '../control/journal.js';
import { parseAddress } from '../core/address.js';
import { ListeningLogger, type LogListener } from './log-listener.js';
import { NotRunningError } from './not-running-error.js';
import { ProgramSource } from './program-source.js';
import type { GivenSecrets } from './secrets.js';
import { tell } from './tell.js';

/** What a program may want beside the configuration. */
export interface BalancerOptions extends GivenSecrets {
  /** Gets what the balancer says of its life, from `logLevel` on; without it nothing is said anywhere. */
  readonly log?: LogListener;
}

/** How often a drain looks whether it is over, in milliseconds. */
const LOOK_MS = 50;

/**
 * Checks the configuration and starts nothing yet.
 * @throws {ConfigError} what is wrong with it, a sentence for each problem, with the path of the key
 */
export function createBalancer(config: ConfigInput, options: BalancerOptions = {}): Balancer {
  return new Balancer(new ProgramSource(config, options), options);
}

export class Balancer implements AsyncDisposable {
  readonly #source: ProgramSource;
  readonly #options: BalancerOptions;
  readonly #listeners = new Set<(event: JournalEntry) => void>();
  #starting: Promise<void> | undefined;
  #running: RunningBalancer | undefined;
  #closing: Promise<void> | undefined;
  #stopTelling: () => void = () => {};

  /** Use {@link createBalancer}. */
  constructor(source: ProgramSource, options: BalancerOptions) {
    this.#source = source;
    this.#options = options;
  }

  /**
   * Resolves once it listens and every backend had its first verdict, or a second for it. A second call joins the first.
   * @throws {StartError} why it cannot; nothing is left running then
   * @throws {NotRunningError} it was closed; create another
   */
  async start(): Promise<this> {
    if (this.#closing !== undefined) throw new NotRunningError('This balancer was closed; create another one');
    this.#starting ??= this.#start();
    await this.#starting;
    return this;
  }

  /** Where the first listener is reached from this host, as in `http://127.0.0.1:41234`. */
  get url(): string {
    return urlOf(this.addresses[0] ?? '');
  }

  /** Where it listens, as `host:port`, in the order of the configuration; ports that the system chose are filled in. */
  get addresses(): readonly string[] {
    return this.#now.addresses;
  }

  /** Where it can be looked at and changed over HTTP; `undefined` when `admin` is off, as it is unless given. */
  get adminAddress(): string | undefined {
    return this.#now.adminAddress;
  }

  /** Settles when it can no longer run, since no worker process starts any more; close it then. */
  get failed(): Promise<Error> {
    return this.#now.failed;
  }

  /** All it knows of its pools, backends and workers now. Counters arrive once a second. */
  view(): BalancerView {
    return this.#now.view();
  }

  /**
   * Adds a backend, which is probed at once. One that is there already with these settings is left as it is.
   * @param backend `host:port`, or that with a weight, tier or limit
   * @throws {ChangeError} unknown pool, bad address or setting, or in the pool with another setting
   */
  addBackend(pool: string, backend: string | BackendInput): void {
    this.#now.addBackend(pool, typeof backend === 'string' ? { address: backend } : backend);
  }

  /**
   * Removes a backend; requests it is working on still finish.
   * @throws {ChangeError} unknown pool or backend
   */
  removeBackend(pool: string, backend: string): void {
    this.#now.removeBackend(pool, backend);
  }

  /**
   * Changes weight, tier, limit or admin state of a backend.
   * @throws {ChangeError} unknown pool or backend, or a value that is none
   */
  updateBackend(pool: string, backend: string, patch: BackendPatch): void {
    this.#now.updateBackend(pool, backend, patch);
  }

  /**
   * Sends a backend no new requests, and resolves when it has none left. It stays in the pool.
   * @param within ends what is still open on it after this: milliseconds, or a text as in `30s`
   * @throws {ChangeError} unknown pool or backend, or it was enabled again meanwhile
   * @throws {NotRunningError} the balancer was closed meanwhile
   */
  async drainBackend(pool: string, backend: string, within?: number | string): Promise<void> {
    const limit = within === undefined ? {} : { within };
    this.updateBackend(pool, backend, { admin: 'draining', ...limit });
    const { backendIdOf } = await import('../control/membership.js');
    const wanted = backendIdOf(backend);
    for (;;) {
      const { pools } = this.view();
      const found = pools.find(({ name }) => name === pool)?.backends.find(({ id }) => id === wanted);
      // One that was removed meanwhile has no one left to wait for it, either.
      if (found === undefined || found.drained) return;
      if (found.admin === 'enabled')
        throw new ChangeError('conflict', `Backend "${backend}" was enabled again before it had drained`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /**
   * Goes on by another configuration, whole or not at all. What it does not change is not touched: connections, health,
   * what is in flight.
   * @throws {ConfigError} what is wrong with it
   * @throws {ReloadError} why it cannot be applied while it runs; nothing has changed then
   */
  async reload(config: ConfigInput): Promise<void> {
    const running = this.#now;
    await this.#source.replace(config, () => running.reload());
  }

  /**
   * Tells `listener` what happens to backends and workers, from the start of the balancer on.
   * @returns what ends that
   */
  onEvent(listener: (event: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Accepts nothing more, lets what is in flight finish, and releases everything. A second call joins the first, and so
   * does one that comes while it starts.
   * @param withinMs how long that may take; the configuration's `drain` unless given, 0 ends all at once
   */
  close(withinMs?: number): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  /** `await using` ends at once what its scope has left open; {@link close} first where clients should be served. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  get #now(): RunningBalancer {
    if (this.#closing !== undefined) throw new NotRunningError('This balancer was closed');
    if (this.#running === undefined) throw new NotRunningError('This balancer does not run yet; await start() first');
    return this.#running;
  }

  async #start(): Promise<void> {
    const { startAnywhere } = await import('../single/start.js');
    const { config, adminToken, secrets } = await this.#source.read();
    const logger = new ListeningLogger(config.logLevel, this.#options.log ?? (() => {}));
    this.#running = await startAnywhere(config, logger, {
      adminToken,
      secrets,
      source: this.#source,
      embedded: true,
    });
    this.#tellOf(this.#running);
  }

  #tellOf({ journal }: RunningBalancer): void {
    let told: string | undefined;
    const tellNews = (): void => {
      const news = journal.after(told);
      told = journal.position;
      for (const event of news) for (const listener of this.#listeners) tell(listener, event);
    };
    tellNews();
    this.#stopTelling = journal.watch(tellNews);
  }

  async #close(withinMs: number | undefined): Promise<void> {
    // Why it did not start was told to who started it, and nothing is left then.
    await this.#starting?.catch(() => undefined);
    await this.#running?.close(withinMs);
    this.#stopTelling();
  }
}

/** An address that means every interface is reached by loopback. */
function urlOf(address: string): string {
  const parsed = parseAddress(address, 0);
  if (typeof parsed === 'string') return `http://${address}`;
  const { host, port } = parsed;
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return host === '::' ? `http://[::1]:${port}` : `http://${address}`;
}
