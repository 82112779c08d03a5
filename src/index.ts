/**
 * index.ts: the API of the package `roundhouse-lb`; docs/library.md shows how to use it. All that is not exported here
 * may change with any version.
 *
 * ```ts import { createBalancer } from 'roundhouse-lb';
 *
 * await using balancer = await createBalancer({ pools: { web: { backends: [{ address: '127.0.0.1:3001' }, { address:
 * '127.0.0.1:3002' }] } }, }).start(); const response = await fetch(balancer.url); ```
 */
export { ConfigError } from './config/config-error.js';
export type { ConfigInput } from './config/schema.js';
export { ChangeError, ReloadError, StartError } from './control/errors.js';
export type { JournalEntry as BalancerEvent } from './control/journal.js';
export type { BackendInput, BackendPatch } from './control/membership.js';
export type { BackendView, BalancerView, PoolView, WorkerView } from './control/view.js';
export { type Balancer, type BalancerOptions, createBalancer, type DrainOptions } from './library/balancer.js';
export { type ConfigExport, defineConfig } from './library/define-config.js';
export type { LogEntry, LogListener } from './library/log-listener.js';
export { NotRunningError } from './library/not-running-error.js';
