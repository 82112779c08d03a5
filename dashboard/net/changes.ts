/**
 * dashboard/net/changes.ts: what an operator changes. Draining and enabling mean the same whatever happened meanwhile. A
 * weight or a removal is a judgement of what was seen, so it holds only while that is still so.
 */
import { type BackendView, isRecord } from '../model/wire.js';
import type { Answer, Session } from './session.js';

/** What to change, and of what. */
export interface Target {
  readonly pool: string;
  readonly backend: BackendView;
}

export interface Patch {
  readonly admin?: BackendView['admin'];
  readonly within?: string;
  readonly weight?: number;
}

export interface NewBackend {
  readonly address: string;
  readonly weight: number;
  readonly tier: number;
}

/** @returns the backend as it is now, or why nothing was changed */
export type Outcome = { readonly backend: BackendView } | { readonly error: string };

/** A health check may change the pool between two requests. */
const TRIES = 3;

export class Changes {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async patch(target: Target, patch: Patch): Promise<Outcome> {
    return outcomeOf(await this.#session.ask(pathOf(target), { method: 'PATCH', body: patch }));
  }

  setWeight(target: Target, weight: number): Promise<Outcome> {
    return this.#ifUnchanged(target, (ifMatch) =>
      this.#session.ask(pathOf(target), { method: 'PATCH', body: { weight }, ifMatch }),
    );
  }

  remove(target: Target): Promise<Outcome> {
    return this.#ifUnchanged(target, (ifMatch) => this.#session.ask(pathOf(target), { method: 'DELETE', ifMatch }));
  }

  async add(pool: string, backend: NewBackend): Promise<Outcome> {
    const path = `/api/pools/${encodeURIComponent(pool)}/backends`;
    return outcomeOf(await this.#session.ask(path, { method: 'POST', body: backend }));
  }

  /** The pool's version grows with every probe's verdict, so it is compared what the operator looked at. */
  async #ifUnchanged(target: Target, change: (etag: string | undefined) => Promise<Answer>): Promise<Outcome> {
    for (let left = TRIES; left > 0; left -= 1) {
      const now = await this.#session.ask(pathOf(target));
      if (!now.ok) return { error: now.error };
      const outcome = outcomeOf({ ...now, body: { backend: now.body } });
      if ('error' in outcome) return outcome;
      const difference = differenceOf(target.backend, outcome.backend);
      if (difference !== undefined) return { error: `${difference} meanwhile; nothing was changed` };
      const answer = await change(now.etag ?? undefined);
      if (answer.ok || answer.status !== 412) return outcomeOf(answer);
    }
    return { error: 'The pool keeps changing; nothing was changed. Try again' };
  }
}

function differenceOf(seen: BackendView, now: BackendView): string | undefined {
  if (seen.weight !== now.weight) return `Somebody set its weight to ${now.weight}`;
  return seen.admin === now.admin ? undefined : `Somebody set it to ${now.admin}`;
}

function outcomeOf(answer: Answer): Outcome {
  if (!answer.ok) return { error: answer.error };
  const backend = isRecord(answer.body) ? answer.body['backend'] : undefined;
  return isBackend(backend) ? { backend } : { error: 'The answer of the balancer was not understood' };
}

function isBackend(value: unknown): value is BackendView {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['admin'] === 'string';
}

function pathOf({ pool, backend }: Target): string {
  return `/api/pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(backend.id)}`;
}
