/**
 * dashboard/model/states.ts: how the three states of a backend are shown. They are shown separately: a backend that
 * drains may be down as well.
 */
import type { BackendView } from './wire.js';

/**
 * The colour of a state. `good`: takes requests; `calm`: takes none on purpose; `bad` and `warn`: takes none, but
 * should.
 */
export type Tone = 'good' | 'calm' | 'warn' | 'bad';

export interface StateWord {
  readonly word: string;
  readonly tone: Tone;
}

type States = Pick<BackendView, 'admin' | 'health' | 'outlier' | 'drained' | 'keepSessions'>;

/** @returns the states that keep requests away, the operator's first; `up` or `unknown` alone if none does */
export function stateWords(backend: States): readonly StateWord[] {
  const words: StateWord[] = [];
  if (backend.admin !== 'enabled')
    words.push({ word: backend.drained ? drainedWord(backend) : adminWord(backend), tone: 'calm' });
  if (backend.health === 'down') words.push({ word: 'down', tone: 'bad' });
  if (backend.outlier === 'ejected') words.push({ word: 'ejected', tone: 'warn' });
  if (words.length > 0) return words;
  return [backend.health === 'up' ? { word: 'up', tone: 'good' } : { word: 'unknown', tone: 'calm' }];
}

function adminWord({ admin, keepSessions }: States): string {
  return admin === 'draining' && keepSessions ? 'keeps sessions' : admin;
}

function drainedWord({ admin }: States): string {
  return admin === 'draining' ? 'drained' : admin;
}

/** @param rate share of requests that fail, 0 to 1 @returns its colour; `undefined` below 1 % */
export function errorTone(rate: number): 'warn' | 'bad' | undefined {
  if (rate >= 0.05) return 'bad';
  return rate >= 0.01 ? 'warn' : undefined;
}

/** Whether all three states of the backend allow new requests. */
export function isUsable({ admin, health, outlier }: States): boolean {
  return admin === 'enabled' && health !== 'down' && outlier === 'in';
}

/** Whether the backend takes no requests although it is enabled. */
export function isProblem({ admin, health, outlier }: States): boolean {
  return admin === 'enabled' && (health === 'down' || outlier === 'ejected');
}

/** @returns a number to sort by: problems first, usable backends last */
export function urgency(backend: States): number {
  if (isProblem(backend)) return backend.health === 'down' ? 0 : 1;
  return isUsable(backend) ? 3 : 2;
}

/** @returns the reason of the last change if it is ejected or not enabled, and not down; otherwise of its health */
export function reasonOf({ admin, health, outlier, reason, lastChange }: BackendView): string {
  if (health === 'down') return reason;
  if (outlier === 'ejected' || admin !== 'enabled') return lastChange.reason;
  return reason;
}
