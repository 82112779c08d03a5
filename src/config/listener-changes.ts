/**
 * config/listener-changes.ts: what sets two lists of listeners apart. Primary and workers ask the same question, so both
 * find the same listener under its new settings.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ListenerConfig } from './listeners.js';

/** One listener under its settings before and after; its socket stays. */
export interface ListenerChange {
  readonly before: ListenerConfig;
  readonly after: ListenerConfig;
}

export interface ListenerChanges {
  readonly add: readonly ListenerConfig[];
  readonly change: readonly ListenerChange[];
  readonly remove: readonly ListenerConfig[];
}

/**
 * A listener is the same one when name and address are. Of the others, one whose address stays was renamed. One whose
 * address is another needs another socket: it is removed and added under its name.
 */
export function listenerChanges(before: readonly ListenerConfig[], after: readonly ListenerConfig[]): ListenerChanges {
  const same = pairs(before, after, (a, b) => a.name === b.name && a.address === b.address);
  const renamed = pairs(same.onlyBefore, same.onlyAfter, (a, b) => a.address === b.address);
  return {
    add: renamed.onlyAfter,
    change: [...same.paired, ...renamed.paired].filter((pair) => !isDeepStrictEqual(pair.before, pair.after)),
    remove: renamed.onlyBefore,
  };
}

/** Pairs each listener of `after` with the first one of `before` that fits and is not taken. */
function pairs(
  before: readonly ListenerConfig[],
  after: readonly ListenerConfig[],
  fits: (before: ListenerConfig, after: ListenerConfig) => boolean,
) {
  const onlyBefore = [...before];
  const onlyAfter: ListenerConfig[] = [];
  const paired: ListenerChange[] = [];
  for (const each of after) {
    const at = onlyBefore.findIndex((candidate) => fits(candidate, each));
    const [found] = at < 0 ? [] : onlyBefore.splice(at, 1);
    if (found === undefined) onlyAfter.push(each);
    else paired.push({ before: found, after: each });
  }
  return { paired, onlyBefore, onlyAfter };
}
