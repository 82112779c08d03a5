/**
 * dashboard/net/changes.ts: the changes that an operator makes. Draining and enabling are sent as they are. A new
 * weight or a removal was decided by what the page showed, so it is sent only if that has not changed meanwhile.
 */
import { type BackendView, isRecord } from '../model/wire.js';
import type { ApiResponse, Session } from './session.js';

/** The backend to change, as the page showed it. */
export interface Target {
  readonly pool: string;
  readonly backend: BackendView;
}

export interface Patch {
  readonly admin?: BackendView['admin'];
  readonly within?: string;
  readonly keepSessions?: boolean;
  readonly weight?: number;
}

export interface NewBackend {
  readonly address: string;
  readonly weight: number;
  readonly tier: number;
}

/** What is put in maintenance: a route or a pool by name, or everything. */
export interface Maintained {
  readonly route?: string;
  readonly pool?: string;
}

/** The backend after the change, or why nothing was changed. */
export type ChangeResult = { readonly backend: BackendView } | { readonly error: string };

/** Attempts at a conditional change: a health check may change the pool between its two requests. */
const TRIES = 3;

export class Changes {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async patch(target: Target, patch: Patch): Promise<ChangeResult> {
    return resultOf(await this.#session.ask(pathOf(target), { method: 'PATCH', body: patch }));
  }

  setWeight(target: Target, weight: number): Promise<ChangeResult> {
    return this.#ifUnchanged(target, (ifMatch) =>
      this.#session.ask(pathOf(target), { method: 'PATCH', body: { weight }, ifMatch }),
    );
  }

  remove(target: Target): Promise<ChangeResult> {
    return this.#ifUnchanged(target, (ifMatch) => this.#session.ask(pathOf(target), { method: 'DELETE', ifMatch }));
  }

  /** Switches maintenance. @returns why it could not be switched; `undefined` if it was */
  async maintain(target: Maintained, on: boolean): Promise<string | undefined> {
    const answer = await this.#session.ask('/api/maintenance', { method: 'PATCH', body: { ...target, on } });
    return answer.ok ? undefined : answer.error;
  }

  async add(pool: string, backend: NewBackend): Promise<ChangeResult> {
    const path = `/api/pools/${encodeURIComponent(pool)}/backends`;
    return resultOf(await this.#session.ask(path, { method: 'POST', body: backend }));
  }

  /**
   * Makes a change if weight and admin state are still what the page showed. The pool's version (ETag) alone would not
   * do: it grows with each change of health as well.
   */
  async #ifUnchanged(
    target: Target,
    change: (etag: string | undefined) => Promise<ApiResponse>,
  ): Promise<ChangeResult> {
    for (let left = TRIES; left > 0; left -= 1) {
      const now = await this.#session.ask(pathOf(target));
      if (!now.ok) return { error: now.error };
      const current = resultOf({ ...now, body: { backend: now.body } });
      if ('error' in current) return current;
      const difference = differenceOf(target.backend, current.backend);
      if (difference !== undefined) return { error: `${difference} meanwhile; nothing was changed` };
      const answer = await change(now.etag ?? undefined);
      if (answer.ok || answer.status !== 412) return resultOf(answer);
    }
    return { error: 'The pool keeps changing; nothing was changed. Try again' };
  }
}

function differenceOf(seen: BackendView, now: BackendView): string | undefined {
  if (seen.weight !== now.weight) return `Somebody set its weight to ${now.weight}`;
  return seen.admin === now.admin ? undefined : `Somebody set it to ${now.admin}`;
}

function resultOf(answer: ApiResponse): ChangeResult {
  if (!answer.ok) return { error: answer.error };
  const backend = isRecord(answer.body) ? answer.body['backend'] : undefined;
  return isBackend(backend) ? { backend } : { error: 'The response of the balancer was not understood' };
}

function isBackend(value: unknown): value is BackendView {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['admin'] === 'string';
}

function pathOf({ pool, backend }: Target): string {
  return `/api/pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(backend.id)}`;
}
