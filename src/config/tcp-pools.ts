/**
 * config/tcp-pools.ts: the part of schema.ts about pools of TCP connections: which they are, and what cannot be set on
 * them. A pool is for TCP if a listener with `protocol: tcp` leads to it, and then serves nothing else.
 */
import type { ListenerConfig } from './listeners.js';
import { poolHints, type RouteConfig } from './routes.js';
import type { PoolConfig } from './schema.js';

/** What is read of a configuration here. */
interface Parts {
  readonly listeners: readonly ListenerConfig[];
  readonly routes?: readonly RouteConfig[] | undefined;
  readonly pools: Readonly<Record<string, PoolConfig>>;
}

/** The path of a key, and what is wrong with it. */
type KeyProblem = readonly [path: PropertyKey[], message: string];

/** @returns the names of the pools that serve TCP connections */
export function tcpPoolNames({ listeners, pools }: Pick<Parts, 'listeners' | 'pools'>): ReadonlySet<string> {
  return new Set(listeners.flatMap((listener) => targetsOf(listener, Object.keys(pools)).map(({ pool }) => pool)));
}

/** Whether some listener speaks HTTP, so that routes have to say where requests go. */
export function servesHttp(listeners: readonly ListenerConfig[]): boolean {
  return listeners.some(({ protocol }) => protocol !== 'tcp');
}

/** @returns the problems with the pools that listeners lead to */
export function tcpPoolProblems({ listeners, routes = [], pools }: Parts): readonly KeyProblem[] {
  const names = Object.keys(pools);
  const known = new Set(names);
  const hintOf = poolHints(names);
  const routed = new Set(routes.flatMap(({ pool, split }) => [pool, ...Object.keys(split ?? {})]));
  // Without routes all requests go to the only pool.
  const isShared = (pool: string) => routed.has(pool) || (routed.size === 0 && servesHttp(listeners));
  const ofListeners = listeners.flatMap((listener, index) => {
    const { protocol, pool, sni, name } = listener;
    if (protocol === 'tcp' && pool === undefined && sni === undefined && names.length > 1) {
      return [problem(['listeners', index], 'needs a pool or sni, since there are several pools')];
    }
    return targetsOf(listener, names).flatMap((target) => {
      const path = ['listeners', index, ...target.path];
      if (!known.has(target.pool)) return [problem(path, `there is no pool "${target.pool}"; ${hintOf(target.pool)}`)];
      if (!isShared(target.pool)) return [];
      return [
        problem(path, `pool "${target.pool}" serves HTTP as well as TCP listener "${name}"; give each its own pool`),
      ];
    });
  });
  const ofPools = [...tcpPoolNames({ listeners, pools })].flatMap((name) => unfitKeys(name, pools[name]));
  return [...ofListeners, ...ofPools];
}

/** @returns the pools that a listener leads to, each with the path of the key that says so */
function targetsOf({ protocol, pool, sni }: ListenerConfig, pools: readonly string[]) {
  if (protocol !== 'tcp') return [];
  if (sni !== undefined) return Object.entries(sni).map(([name, target]) => ({ pool: target, path: ['sni', name] }));
  const [only, ...others] = pools;
  const target = pool ?? (others.length === 0 ? only : undefined);
  return target === undefined ? [] : [{ pool: target, path: pool === undefined ? [] : ['pool'] }];
}

/** @returns the keys of a pool that need requests to be read */
function unfitKeys(name: string, pool: PoolConfig | undefined): readonly KeyProblem[] {
  if (pool === undefined) return [];
  const { policy, hash, sticky, hedging, pipelining } = pool;
  const at = ['pools', name];
  const problems: KeyProblem[] = [];
  if (policy === 'maglev' && hash.key !== 'ip') {
    problems.push(
      problem([...at, 'hash', 'key'], `"${hash.key}" is read from requests, and the pool serves TCP; write ip`),
    );
  }
  if (sticky !== undefined) {
    problems.push(
      problem([...at, 'sticky'], 'needs HTTP, and the pool serves TCP; policy "source-ip" ties clients there'),
    );
  }
  if (hedging !== undefined) problems.push(problem([...at, 'hedging'], 'needs HTTP, and the pool serves TCP'));
  if (pipelining > 1)
    problems.push(problem([...at, 'pipelining'], `"${pipelining}" needs HTTP, and the pool serves TCP`));
  return problems;
}

function problem(path: PropertyKey[], message: string): KeyProblem {
  return [path, message];
}
