/**
 * control/runtime-changes.ts: what operators have changed about the pools while the balancer ran, as a difference to
 * the running configuration: shown with it, exported with it, and kept in the state file.
 */
import type { Config } from '../config/schema.js';
import { isMaintained, type Maintenance } from '../core/maintenance.js';
import type { KeptSessions } from './kept-sessions.js';
import type { Logger } from './logger.js';
import type { Pools } from './pools.js';
import type { RememberedStates } from './remembered-states.js';
import type { CurrentConfig } from './running-config.js';
import { foldState, isUnchanged, type RuntimeState, stateOf } from './runtime-state.js';
import { type KeptState, type Saved, StateFile } from './state-file.js';

export interface RuntimeChangesParts {
  readonly config: { readonly current: Config };
  /** What the state file holds; `undefined` where no state file is configured. */
  readonly kept: KeptState | undefined;
  readonly pools: Pick<Pools, 'runningBackends'>;
  readonly remembered: RememberedStates;
  readonly sessions: KeptSessions;
  /** @returns what is in maintenance now */
  readonly maintenance: () => Maintenance;
  readonly logger: Logger;
}

export class RuntimeChanges {
  readonly #config: RuntimeChangesParts['config'];
  readonly #pools: RuntimeChangesParts['pools'];
  readonly #remembered: RememberedStates;
  readonly #sessions: KeptSessions;
  readonly #file: StateFile | undefined;

  constructor({ config, kept, pools, remembered, sessions, maintenance, logger }: RuntimeChangesParts) {
    this.#config = config;
    this.#pools = pools;
    this.#remembered = remembered;
    this.#sessions = sessions;
    if (kept === undefined) return;
    this.#file = new StateFile(kept.path, () => this.#state(), logger, maintenance);
    logRestored(config, kept, logger);
  }

  /** The running configuration with what operators have changed in it, as it is now. */
  get effective(): Config {
    return foldState(this.#config.current, this.#state());
  }

  /** @returns settled when all changes until now are on disk, or could not be written; `undefined` without a file */
  async save(): Promise<Saved | undefined> {
    return this.#file?.save();
  }

  /** @returns settled when no write is under way any more */
  async stop(): Promise<void> {
    await this.#file?.stop();
  }

  #state(): RuntimeState {
    const states = Object.entries(this.#config.current.pools).map(([name, { backends }]) => {
      const state = stateOf(backends, this.#pools.runningBackends(name));
      const pending = [...this.#remembered.pending(name)].map(([id, admin]) => [id, { admin }]);
      const sessions = { ...this.#sessions.pending(name), ...state.sessions };
      const kept = Object.keys(sessions).length === 0 ? {} : { sessions };
      return [name, { ...state, changed: { ...Object.fromEntries(pending), ...state.changed }, ...kept }] as const;
    });
    return Object.fromEntries(states.filter(([, state]) => !isUnchanged(state)));
  }
}

function logRestored({ current }: CurrentConfig<'pools'>, kept: KeptState, logger: Logger): void {
  const { path, state, maintenance } = kept;
  if (isMaintained(maintenance)) logger.warn('maintenance goes on', { file: path, ...maintenance });
  for (const [pool, { added, changed, removed }] of Object.entries(state)) {
    if (!Object.hasOwn(current.pools, pool)) {
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
