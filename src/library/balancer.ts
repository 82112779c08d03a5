/**
 * library/balancer.ts: a balancer inside a program or a test. It installs no signal handler, writes no output, never
 * exits the process, and after `close` leaves no handle that would keep the process running.
 */
import type { ConfigInput } from '../config/schema.js';
import type { BackendInput, BackendPatch, BalancerView, RunningBalancer } from '../control/balancer.js';
import { ChangeError } from '../control/errors.js';
import type { JournalEntry } from '../control/journal.js';
import type { MaintenanceTarget } from '../control/maintenance.js';
import { parseAddress, socketFileOf } from '../core/address.js';
import { ListeningLogger, type LogListener } from './log-listener.js';
import { NotRunningError } from './not-running-error.js';
import { ProgramSource } from './program-source.js';
import type { GivenSecrets } from './secrets.js';
import { tell } from './tell.js';

/** Options beside the configuration. */
export interface BalancerOptions extends GivenSecrets {
  /** Gets the log entries of level `logLevel` and above; without it nothing is logged. */
  readonly log?: LogListener;
}

/** How a backend is drained. */
export type DrainOptions = Pick<BackendPatch, 'within' | 'keepSessions'>;

/** Time between two checks of whether a drain is over. */
const LOOK_MS = 50;

/**
 * Creates a balancer, which does not run until {@link Balancer.start}.
 * @throws {ConfigError} what is wrong with the configuration, a sentence per problem, with the path of the key
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
   * Starts the balancer. Resolves when it listens and every backend has been probed once, for which it waits at most a
   * second. A second call returns the result of the first.
   * @throws {StartError} why it cannot start; nothing is left running then
   * @throws {NotRunningError} if it was closed; create another one
   */
  async start(): Promise<this> {
    if (this.#closing !== undefined) throw new NotRunningError('This balancer was closed; create another one');
    this.#starting ??= this.#start();
    await this.#starting;
    return this;
  }

  /** URL of the first listener, for clients on this host: `http://127.0.0.1:41234`. */
  get url(): string {
    return urlOf(this.addresses[0] ?? '');
  }

  /**
   * Addresses of the listeners, `host:port`, in the order of the configuration, with the ports that the system chose.
   */
  get addresses(): readonly string[] {
    return this.#now.addresses;
  }

  /** Address of the admin interface; `undefined` if `admin` is off, as it is by default. */
  get adminAddress(): string | undefined {
    return this.#now.adminAddress;
  }

  /** Address that serves metrics and health only; `undefined` if `metrics` is off, as it is by default. */
  get metricsAddress(): string | undefined {
    return this.#now.metricsAddress;
  }

  /** Resolves when the balancer cannot run any more because no worker process starts; close it then. */
  get failed(): Promise<Error> {
    return this.#now.failed;
  }

  /** The current state of its pools, backends and workers. Counters are updated once a second. */
  view(): BalancerView {
    return this.#now.view();
  }

  /**
   * Adds a backend, which is probed at once. Does nothing if the pool has it already with these settings.
   * @param backend `host:port`, or an object with weight, tier or limit as well
   * @throws {ChangeError} for an unknown pool, an invalid address or setting, or if the pool has it with other settings
   */
  addBackend(pool: string, backend: string | BackendInput): void {
    this.#now.addBackend(pool, typeof backend === 'string' ? { address: backend } : backend);
  }

  /**
   * Removes a backend; its open requests still finish.
   * @throws {ChangeError} for an unknown pool or backend
   */
  removeBackend(pool: string, backend: string): void {
    this.#now.removeBackend(pool, backend);
  }

  /**
   * Changes weight, tier, limit or admin state of a backend.
   * @throws {ChangeError} for an unknown pool or backend, or an invalid value
   */
  updateBackend(pool: string, backend: string, patch: BackendPatch): void {
    this.#now.updateBackend(pool, backend, patch);
  }

  /**
   * Drains a backend: it gets no new requests and stays in the pool. Resolves when it has no request in flight.
   * @param limit time after which its open requests are ended: milliseconds, or a text as `30s`; no limit by default.
   * Or an object: with `keepSessions`, clients whose sticky cookie names the backend stay on it until `within` is over
   * or the backend is drained without it
   * @throws {ChangeError} for an unknown pool or backend, or if it is enabled again meanwhile
   * @throws {NotRunningError} if the balancer is closed meanwhile
   */
  async drainBackend(pool: string, backend: string, limit: number | string | DrainOptions = {}): Promise<void> {
    const options = typeof limit === 'object' ? limit : { within: limit };
    this.updateBackend(pool, backend, { ...options, admin: 'draining' });
    const { backendIdOf } = await import('../control/membership.js');
    const wanted = backendIdOf(backend);
    for (;;) {
      const { pools } = this.view();
      const found = pools.find(({ name }) => name === pool)?.backends.find(({ id }) => id === wanted);
      // A backend that was removed meanwhile counts as drained.
      if (found === undefined || found.drained) return;
      if (found.admin === 'enabled')
        throw new ChangeError('conflict', `Backend "${backend}" was enabled again before it had drained`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /**
   * Puts everything, a route or a pool in maintenance, or takes it out: requests to it are answered with 503 and the
   * maintenance page. `false` without a name ends what `true` without a name has begun.
   * @param target a route or a pool, by its name; everything by default
   * @throws {ChangeError} for an unknown route or pool, or if both are named
   */
  maintenance(on: boolean, target: MaintenanceTarget = {}): void {
    this.#now.maintain(target, on);
  }

  /**
   * Applies another configuration, completely or not at all. What it does not change is not touched: connections,
   * health, requests in flight.
   * @throws {ConfigError} what is wrong with it
   * @throws {ReloadError} why it cannot be applied to a running balancer; nothing has changed then
   */
  async reload(config: ConfigInput): Promise<void> {
    const running = this.#now;
    await this.#source.replace(config, () => running.reload());
  }

  /**
   * Calls `listener` with each event of backends and workers, from the start of the balancer on.
   * @returns a function that removes the listener
   */
  onEvent(listener: (event: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Closes the balancer: after `stopDelay`, in which it is not ready and serves on, it stops accepting connections, lets
   * requests in flight finish, and releases everything. A second call returns the result of the first. During a start it
   * waits for that first.
   * @param withinMs time limit of the drain in milliseconds; `drain` of the configuration by default, 0 ends all at
   * once, also a stop delay that an earlier call has begun
   */
  close(withinMs?: number): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    if (withinMs === 0) this.#running?.skipStopDelay();
    return this.#closing;
  }

  /** Closes at once at the end of an `await using` scope; call {@link close} before to let requests finish. */
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
    const { config, adminTokens, secrets } = await this.#source.read();
    const logger = new ListeningLogger(config.logLevel, this.#options.log ?? (() => {}));
    this.#running = await startAnywhere(config, logger, {
      adminTokens,
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
    // A failed start has been reported to its caller, and has left nothing running.
    await this.#starting?.catch(() => undefined);
    if (withinMs !== 0) await this.#running?.announceStop();
    await this.#running?.close(withinMs);
    this.#stopTelling();
  }
}

/** @returns the URL of an address, `unix:/path` as it is; loopback for an address that means every interface */
function urlOf(address: string): string {
  const parsed = parseAddress(address, 0);
  if (typeof parsed === 'string') return `http://${address}`;
  const { host, port } = parsed;
  if (socketFileOf(host) !== undefined) return host;
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return host === '::' ? `http://[::1]:${port}` : `http://${address}`;
}
