/**
 * config/listener-changes.ts: the difference between two lists of listeners. Primary and workers both compute it, so
 * that they agree on which listener has which new settings.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ListenerConfig } from './listeners.js';

/** A listener whose settings change; its socket stays open. */
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
 * Compares two lists of listeners. A listener with the same name and address is the same one; among the others, one
 * with the same address was renamed. A different address needs another socket, so that listener is removed and added.
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

/** Pairs each listener of `after` with the first one of `before` that fits and is not paired yet. */
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
