/**
 * control/changes.ts: the configuration that runs, and what operators have changed beside it: what the pools begin
 * with after a restart, what is shown and exported, and what is kept on disk.
 */
import type { Config } from '../config/schema.js';
import type { Backend, BackendId } from '../core/backend.js';
import type { Logger } from './logger.js';
import { foldState, isUnchanged, type Running, type RuntimeState, stateOf } from './runtime-state.js';
import { type KeptState, type Saved, StateFile } from './state-file.js';

export interface ChangesParts {
  /** By the file, variables and flags, without what operators have changed. */
  readonly config: Config;
  /** What a state file holds; `undefined` where nothing is to be kept. */
  readonly kept: KeptState | undefined;
  /** @returns the backends of a running pool */
  readonly running: (pool: string) => readonly Running[];
  readonly logger: Logger;
}

export class Changes {
  readonly #running: ChangesParts['running'];
  readonly #file: StateFile | undefined;
  /** Kept for backends that a service has not named yet since the start. */
  readonly #awaited: ReadonlyMap<string, Map<string, Backend['admin']>>;
  #config: Config;

  constructor({ config, kept, running, logger }: ChangesParts) {
    this.#config = config;
    this.#running = running;
    this.#awaited = awaitedOf(config, kept?.state ?? {});
    if (kept === undefined) return;
    this.#file = new StateFile(kept.path, () => this.#state(), logger);
    report(config, kept, logger);
  }

  /** The configuration with what operators have changed in it, as it is now. */
  get effective(): Config {
    return foldState(this.#config, this.#state());
  }

  /** A reload has applied another configuration. */
  configured(config: Config): void {
    this.#config = config;
    void this.save();
  }

  /** @returns the admin state that was kept for a backend which a service names now for the first time */
  rejoining(pool: string, id: BackendId): Backend['admin'] | undefined {
    const awaited = this.#awaited.get(pool);
    const admin = awaited?.get(id);
    awaited?.delete(id);
    return admin;
  }

  /** @returns settled when what has changed until now is on disk, or could not be put there; `undefined` without a file */
  async save(): Promise<Saved | undefined> {
    return this.#file?.save();
  }

  /** @returns settled when nothing is being written any more */
  async stop(): Promise<void> {
    await this.#file?.stop();
  }

  #state(): RuntimeState {
    const states = Object.entries(this.#config.pools).map(([name, { backends }]) => {
      const state = stateOf(backends, this.#running(name));
      const awaited = [...(this.#awaited.get(name) ?? [])].map(([id, admin]) => [id, { admin }]);
      return [name, { ...state, changed: { ...Object.fromEntries(awaited), ...state.changed } }] as const;
    });
    return Object.fromEntries(states.filter(([, state]) => !isUnchanged(state)));
  }
}

/** What was changed about a backend that is neither configured nor added: a service may name it again. */
function awaitedOf(config: Config, state: RuntimeState): ReadonlyMap<string, Map<string, Backend['admin']>> {
  const byService = Object.entries(config.pools).filter(([, { services }]) => services.length > 0);
  return new Map(
    byService.map(([name, { backends }]) => {
      const configured = new Set(backends.map(({ address }) => address));
      const changed = Object.entries(state[name]?.changed ?? {}).filter(([id]) => !configured.has(id));
      return [name, new Map(changed.flatMap(([id, { admin }]) => (admin === undefined ? [] : [[id, admin]])))];
    }),
  );
}

function report(config: Config, { path, state }: KeptState, logger: Logger): void {
  for (const [pool, { added, changed, removed }] of Object.entries(state)) {
    if (config.pools[pool] === undefined) {
      logger.warn('changes of a pool that is no longer configured are dropped', { file: path, pool });
      continue;
    }
    logger.info('changes made at run time are back', {
      file: path,
      pool,
      added: added.map(({ address }) => address),
      changed: Object.keys(changed),
      removed,
    });
  }
}
