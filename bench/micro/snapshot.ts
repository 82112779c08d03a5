/**
 * bench/micro/snapshot.ts: nanoseconds for a worker to follow one change of a backend, by pool size. "floor" copies the
 * list of backends, which no immutable snapshot can do without.
 */
import { applyChange, type PoolChange, type PoolSnapshot } from '../../src/core/snapshot.js';
import { dispatchOf, SIZES } from './backends.js';
import { nanosecondsPerCall } from './measure.js';
import { type MicroTable, tableOfSteps } from './table.js';

/** @returns the changes that take the last backend down and up again */
function changes({ pool, version, backends }: PoolSnapshot): PoolChange[] {
  const last = backends.at(-1);
  if (last === undefined) return [];
  return (['down', 'up'] as const).map((health) => ({
    ...{ kind: 'upsert', pool, version: version + 1 },
    backend: { ...last, health },
  }));
}

function next(snapshot: PoolSnapshot, change: PoolChange): PoolSnapshot {
  const applied = applyChange(snapshot, change);
  if (applied.kind !== 'applied') throw new Error(`the change is ${applied.kind}`);
  return applied.snapshot;
}

/** @returns nanoseconds to copy the backends, to apply a change, and to apply and install it */
function stepsFor(size: number): number[] {
  const dispatch = dispatchOf(size);
  const { snapshot } = dispatch.roster;
  const [down, up] = changes(snapshot);
  if (down === undefined || up === undefined) throw new Error('there is no backend');
  let isDown = false;
  const flip = (): PoolChange => {
    isDown = !isDown;
    return isDown ? down : up;
  };
  return [
    nanosecondsPerCall(() => [...snapshot.backends]),
    nanosecondsPerCall(() => next(snapshot, flip())),
    nanosecondsPerCall(() => dispatch.install(next(snapshot, flip()))),
  ];
}

export const measureSnapshot = (): MicroTable => tableOfSteps(['floor', 'apply', 'apply and install'], SIZES, stepsFor);
