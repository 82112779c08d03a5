/**
 * dashboard/model/states.ts: a backend's three states as a person sees them. They stay three: one that drains may be down
 * as well, and both are shown.
 */
import type { BackendView } from './wire.js';

/** How a state is coloured: good takes requests, calm takes none on purpose, bad takes none and should. */
export type Tone = 'good' | 'calm' | 'warn' | 'bad';

export interface StateWord {
  readonly word: string;
  readonly tone: Tone;
}

type States = Pick<BackendView, 'admin' | 'health' | 'outlier' | 'drained'>;

/** @returns what keeps requests away, what an operator decided first; `up` alone when nothing does */
export function stateWords(backend: States): readonly StateWord[] {
  const words: StateWord[] = [];
  if (backend.admin !== 'enabled')
    words.push({ word: backend.drained ? drainedWord(backend) : backend.admin, tone: 'calm' });
  if (backend.health === 'down') words.push({ word: 'down', tone: 'bad' });
  if (backend.outlier === 'ejected') words.push({ word: 'ejected', tone: 'warn' });
  if (words.length > 0) return words;
  return [backend.health === 'up' ? { word: 'up', tone: 'good' } : { word: 'unknown', tone: 'calm' }];
}

function drainedWord({ admin }: States): string {
  return admin === 'draining' ? 'drained' : admin;
}

/** @param rate 0 to 1 */
export function errorTone(rate: number): 'warn' | 'bad' | undefined {
  if (rate >= 0.05) return 'bad';
  return rate >= 0.01 ? 'warn' : undefined;
}

/** Whether it takes new requests as far as its own states say. */
export function isUsable({ admin, health, outlier }: States): boolean {
  return admin === 'enabled' && health !== 'down' && outlier === 'in';
}

/** Whether somebody should look at it: it takes no requests, and nobody wanted that. */
export function isProblem({ admin, health, outlier }: States): boolean {
  return admin === 'enabled' && (health === 'down' || outlier === 'ejected');
}

/** For sorting: what should be looked at comes first. */
export function urgency(backend: States): number {
  if (isProblem(backend)) return backend.health === 'down' ? 0 : 1;
  return isUsable(backend) ? 3 : 2;
}

/** Why it is as it is: of what keeps requests away, that which weighs most. */
export function reasonOf({ admin, health, outlier, reason, lastChange }: BackendView): string {
  if (health === 'down') return reason;
  if (outlier === 'ejected' || admin !== 'enabled') return lastChange.reason;
  return reason;
}
