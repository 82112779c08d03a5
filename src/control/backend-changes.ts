/**
 * control/backend-changes.ts: changes of pools as operators and reloads ask for them: of a backend, or of a name that
 * stands for several.
 */

import { ChangeError } from './errors.js';
import { type BackendInput, type BackendPatch, backendIdOf, type Membership, type PoolChanges } from './membership.js';
import type { NameGroups } from './name-groups.js';
import type { Hosts } from './pool.js';

export class BackendChanges implements PoolChanges {
  readonly #membership: Membership;
  readonly #groups: NameGroups;

  constructor(membership: Membership, groups: NameGroups) {
    this.#membership = membership;
    this.#groups = groups;
  }

  /** See {@link PoolChanges}. @param hosts addresses of names, so that a backend behind a name can be used at once */
  addBackend(poolName: string, input: BackendInput, hosts?: Hosts): number {
    const pool = this.#membership.pool(poolName);
    const id = backendIdOf(input.address);
    const isGroup = this.#groups.has(pool, id);
    if (input.resolve !== 'all') {
      if (isGroup) throw otherMode(id, poolName, 'all', 'one');
      return this.#membership.addBackend(poolName, input, { hosts });
    }
    if (pool.backend(id) !== undefined) throw otherMode(id, poolName, 'one', 'all');
    const listed = this.#membership.read(input);
    if (!isGroup) void this.#groups.watch(pool, listed);
    return pool.snapshot.version;
  }

  removeBackend(poolName: string, idText: string): number {
    const pool = this.#membership.pool(poolName);
    const id = backendIdOf(idText);
    if (!this.#groups.has(pool, id)) return this.#membership.removeBackend(poolName, idText);
    this.#groups.remove(pool, id);
    return pool.snapshot.version;
  }

  updateBackend(poolName: string, idText: string, patch: BackendPatch): number {
    const pool = this.#membership.pool(poolName);
    const id = backendIdOf(idText);
    if (!this.#groups.has(pool, id)) return this.#membership.updateBackend(poolName, idText, patch);
    const { fields, within } = this.#membership.readPatch(patch);
    const { keepSessions, ...settings } = fields;
    // One change, so that no client is moved between the two.
    this.#membership.together(poolName, () => {
      this.#groups.adjust(pool, id, settings);
      if (fields.admin === undefined) return;
      for (const member of this.#groups.members(pool, id)) {
        this.#membership.updateBackend(poolName, member, { admin: fields.admin, keepSessions, within });
      }
    });
    return pool.snapshot.version;
  }
}

function otherMode(id: string, pool: string, is: string, wanted: string): ChangeError {
  const how = `with resolve ${is}; remove it before adding it with resolve ${wanted}`;
  return new ChangeError('conflict', `Backend "${id}" is in pool "${pool}" already, ${how}`);
}
