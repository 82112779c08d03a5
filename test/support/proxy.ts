/** test/support/proxy.ts: one worker's data plane inside the test process; a test fails when the worker leaks. */
import { type ListenerConfig, listenerSchema } from '../../src/config/listeners.js';
import { type Config, type ConfigInput, configSchema, DEFAULT_POOL } from '../../src/config/schema.js';
import { parseAddress } from '../../src/core/address.js';
import type { Backend } from '../../src/core/backend.js';
import { permitSubject } from '../../src/core/permit-keys.js';
import { PermitLedger, type PermitOrders } from '../../src/core/permit-ledger.js';
import { backendSchema } from '../../src/core/schemas.js';
import type { PoolChange, PoolSnapshot } from '../../src/core/snapshot.js';
import type { ToPrimary } from '../../src/messages.js';
import type { PoolRows } from '../../workers/counters.js';
import { Http1Links } from '../../workers/http/h1/backend-links.js';
import type { HttpPool } from '../../workers/http/http-pool.js';
import { WheelTimer } from '../../workers/timer-wheel.js';
import { Worker, type WorkerOutput } from '../../workers/worker.js';
import type { WorkerBackend } from '../../workers/worker-backend.js';
import { onStop } from './cleanup.js';
import { eventually } from './eventually.js';
import { HeldClock } from './held-clock.js';

const ANY_PORT = '127.0.0.1:0';

type PoolInput = ConfigInput['pools'][string];

export interface ProxyOptions extends Omit<Partial<PoolInput>, 'backends' | 'timeouts'> {
  /** Addresses, or backends with settings. */
  readonly backends: readonly (string | NonNullable<PoolInput['backends']>[number])[];
  /** Timeouts towards clients. */
  readonly timeouts?: ConfigInput['timeouts'];
  /** Timeouts towards backends. */
  readonly upstream?: PoolInput['timeouts'];
  readonly limits?: ConfigInput['limits'];
  /** Off unless given: a machine that is busy with other tests must not turn their requests away. */
  readonly overload?: ConfigInput['overload'];
  readonly forwarding?: ConfigInput['forwarding'];
  readonly http?: ConfigInput['http'];
  readonly accessLog?: string;
  readonly accessLogFormat?: ConfigInput['accessLogFormat'];
  readonly accessLogFilter?: ConfigInput['accessLogFilter'];
  readonly accessLogFields?: ConfigInput['accessLogFields'];
  readonly http2?: ConfigInput['http2'];
  readonly stickySecret?: string;
  /** Pages of the whole configuration; `errorPages` are those of the pool. */
  readonly generalPages?: ConfigInput['errorPages'];
  /** Contents of the files that the configuration names, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly routes?: ConfigInput['routes'];
  readonly tracing?: ConfigInput['tracing'];
  /** `held`: timeouts come when the test lets time pass ({@link TestProxy.pass}); otherwise they come by themselves. */
  readonly clock?: 'held';
  /** Further pools, each with one backend at this address. */
  readonly others?: Readonly<Record<string, string>>;
  /** Settings of the listener. */
  readonly listener?: Omit<NonNullable<ConfigInput['listeners']>[number], 'address'>;
}

export type MessageOf<T extends ToPrimary['type']> = Extract<ToPrimary, { type: T }>;

export class TestProxy {
  readonly worker: Worker;
  readonly config: Config;
  readonly snapshot: PoolSnapshot;
  /** Every message that the worker has sent to the primary, counters included. */
  readonly sent: ToPrimary[] = [];
  /** How many messages the worker believes the primary has not read; a test raises it to play a slow primary. */
  unread = 0;
  /** How often the worker has reported that it is drained. */
  drained = 0;
  private readonly held: HeldClock | undefined;
  /** Plays the primary that lends permits, to this only worker and to those that a test adds. */
  readonly ledger = new PermitLedger((key) => this.limitOf(key));
  /** A test sets it to `false` to play a primary that does not answer. */
  lends = true;

  constructor(options: ProxyOptions) {
    const { backends, timeouts, upstream, limits, forwarding, http, accessLog, accessLogFormat, ...rest } = options;
    const {
      http2,
      stickySecret,
      generalPages: errorPages,
      files: pages,
      routes,
      tracing,
      accessLogFilter,
      accessLogFields,
      overload = { delay: 'off' },
      others: named = {},
      clock,
      listener,
      ...pool
    } = rest;
    const listed = backends.map((each) => (typeof each === 'string' ? { address: each } : each));
    // Round-robin takes them in the order of the list, so that a test knows which one is asked first.
    const input: PoolInput = { policy: 'round-robin', ...pool, backends: listed, timeouts: upstream };
    const listeners = [{ ...listener, address: ANY_PORT }];
    const logs = { accessLog, accessLogFormat, accessLogFilter, accessLogFields };
    const top = {
      listeners,
      timeouts,
      limits,
      forwarding,
      http,
      http2,
      ...logs,
      routes,
      tracing,
      overload,
      errorPages,
    };
    const others = Object.entries(named).map(([name, address]) => [name, { backends: [{ address }] }] as const);
    this.config = configSchema.parse({ ...top, pools: { [DEFAULT_POOL]: input, ...Object.fromEntries(others) } });
    const snapshots = Object.entries(this.config.pools).map(([name, { backends: parsed }]) => ({
      pool: name,
      version: 1,
      backends: parsed.map(up),
    }));
    const [first] = snapshots;
    if (first === undefined) throw new TypeError('The pool is missing');
    this.snapshot = first;
    const output: WorkerOutput = {
      send: (message) => {
        this.sent.push(message);
        if (message.type === 'permits') setImmediate(() => this.lend(this.ledger.report(1, message.reports)));
      },
      unread: () => this.unread,
      drained: () => {
        this.drained += 1;
      },
    };
    this.held = clock === 'held' ? new HeldClock() : undefined;
    this.worker = new Worker(1, this.config, snapshots, output, { stickyKey: stickySecret, pages }, this.held?.now);
  }

  /** The listener that {@link startProxy} opens. */
  get listener(): ListenerConfig {
    return listenerSchema.parse(this.config.listeners[0]);
  }

  /** The pool `default` of the worker. */
  get pool(): HttpPool {
    const pool = this.worker.context.pools.get(DEFAULT_POOL);
    if (pool === undefined) throw new TypeError('The pool is missing');
    return pool;
  }

  /** The rows of all counters messages so far. */
  get counted(): readonly PoolRows[] {
    return this.said('counters').flatMap(({ pools }) => pools);
  }

  get port(): number {
    const { address } = this.said('listening')[0] ?? { address: '' };
    return Number(address.slice(address.lastIndexOf(':') + 1));
  }

  said<T extends ToPrimary['type']>(type: T): readonly MessageOf<T>[] {
    const isOfType = (message: ToPrimary): message is MessageOf<T> => message.type === type;
    return this.sent.filter(isOfType);
  }

  /** @returns the state that the worker keeps for the backend at `address` */
  upstream(address: string): WorkerBackend {
    const found = this.pool.dispatch.roster.counted().find(({ id }) => id === address);
    if (found === undefined) throw new TypeError(`No backend ${address}`);
    return found;
  }

  /** Connections to the backend at `address` that wait for a request. */
  idle(address: string): number {
    return idleOf(this.upstream(address));
  }

  /** Adds or changes the backend at `address`, as a change of the pool to `version`. */
  change(address: string, version: number, state: Partial<Backend> = {}): void {
    const backend = { ...up({ address, weight: 1, tier: 0, maxConnections: 0 }), ...state };
    this.apply({ kind: 'upsert', pool: DEFAULT_POOL, version, backend });
  }

  apply(change: PoolChange): void {
    this.worker.receive({ type: 'change', change }, undefined);
    this.lend(this.ledger.limitsChanged());
  }

  /** Has the worker take over other limits, as after a reload. */
  reconfigure(limits: ConfigInput['limits']): void {
    const config = { ...this.config, limits: configSchema.shape.limits.parse(limits) };
    this.worker.receive({ type: 'configure', config, snapshots: [], secrets: {} }, undefined);
    this.lend(this.ledger.limitsChanged());
  }

  /** Tells the worker what the primary says of permits. */
  lend(orders: PermitOrders): void {
    const own = orders.get(1);
    if (own !== undefined && this.lends) this.worker.receive({ type: 'permits', orders: own }, undefined);
  }

  private limitOf(key: string): number {
    const subject = permitSubject(key);
    const { limits } = this.worker.context.config;
    if (subject?.kind === 'connections') return limits.connections === 'auto' ? 0 : limits.connections;
    if (subject?.kind === 'address') return limits.connectionsPerAddress;
    const backends = this.worker.context.pools.get(subject?.pool ?? '')?.dispatch.roster.snapshot.backends ?? [];
    return backends.find(({ id }) => id === subject?.id)?.maxConnections ?? 0;
  }

  get inflight(): number {
    return this.pool.dispatch.roster.counted().reduce((sum, { inflight }) => sum + inflight, 0);
  }

  /** Lets `ms` milliseconds of a held clock pass, once everything sent before has arrived. */
  async pass(ms: number): Promise<void> {
    if (this.held === undefined) throw new TypeError('The clock of this worker is not held');
    const { wheel, fineWheel } = this.worker.context;
    await this.held.pass(ms, [wheel, fineWheel]);
  }

  /** Awaits what the worker does after some time, and has a held clock go fast meanwhile. */
  passUntil<T>(awaited: Promise<T>): Promise<T> {
    const { wheel, fineWheel } = this.worker.context;
    return this.held?.passUntil(awaited, [wheel, fineWheel]) ?? awaited;
  }

  /** Client connections open now. */
  get clients(): number {
    return this.worker.door.connections.size;
  }

  /** Read buffers on loan; an idle upstream connection may keep one. */
  get loans(): number {
    return this.worker.context.buffers.outstanding;
  }

  /** Armed timers on the wheel; a stopped worker has none. */
  get timers(): number {
    const slots: unknown = Reflect.get(this.worker.context.wheel, 'slots');
    if (!Array.isArray(slots)) throw new TypeError('The wheel has no slots');
    let armed = 0;
    for (const first of slots) {
      for (let timer: unknown = first; timer instanceof WheelTimer; timer = timer.next) {
        if (timer.deadline !== 0) armed += 1;
      }
    }
    return armed;
  }
}

/** Starts a worker on a free port; at the end of the test it is checked for leaks and stopped. */
export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const proxy = new TestProxy(options);
  onStop(() => stop(proxy));
  const { listener } = proxy;
  proxy.worker.receive({ type: 'listen', listener, address: ANY_PORT, accept: 'round-robin' }, undefined);
  await eventually('the worker listens', () => proxy.said('listening').length === 1);
  return proxy;
}

async function stop(proxy: TestProxy): Promise<void> {
  try {
    await proxy.passUntil(
      eventually(
        () => `nothing is left of any client: ${proxy.clients} connections, ${proxy.inflight} requests in flight`,
        () => proxy.clients === 0 && proxy.inflight === 0,
      ),
    );
  } finally {
    proxy.worker.stop();
  }
  await eventually(
    () => `nothing is left in a stopped worker: ${proxy.loans} read buffers lent, ${proxy.timers} timers armed`,
    () => proxy.loans === 0 && proxy.timers === 0,
  );
}

/** Connections to a backend that wait for a request. */
export function idleOf({ links }: WorkerBackend): number {
  if (!(links instanceof Http1Links)) throw new TypeError('The backend does not speak HTTP/1.1');
  return links.idle.length;
}

/** A backend as the primary announces it once its first probe has passed. */
export function up({ address, ...settings }: Config['pools'][string]['backends'][number]): Backend {
  const parsed = parseAddress(address, 1);
  if (typeof parsed === 'string') throw new TypeError(`"${address}" ${parsed}`);
  return backendSchema.parse({
    id: address,
    ...parsed,
    ...settings,
    ...{ admin: 'enabled', health: 'up', outlier: 'in', usableSince: 0 },
  });
}
