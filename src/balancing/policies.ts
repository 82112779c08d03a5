/**
 * balancing/policies.ts: the only list of policies, and the function that creates a picker of each. Their interface is
 * in picker.ts, so that policies and list do not import each other.
 */
import type { Random } from '../core/random.js';
import { leastConnections } from './least-connections.js';
import { maglev } from './maglev.js';
import type { MaglevTable } from './maglev-table.js';
import { peakEwma } from './peak-ewma.js';
import type { Candidate, Picker } from './picker.js';
import { randomChoice } from './random.js';
import { roundRobin } from './round-robin.js';
import { sourceIp } from './source-ip.js';
import { twoChoices } from './two-choices.js';

export const POLICIES = [
  'two-choices',
  'round-robin',
  'least-connections',
  'random',
  'peak-ewma',
  'source-ip',
  'maglev',
] as const;
export type PolicyName = (typeof POLICIES)[number];

/** What policies depend on. */
export interface PolicyParts {
  /** The only source of random numbers, so that a seed repeats every choice. */
  readonly random: Random;
  /** Returns milliseconds of a monotonic clock, which may be coarse. */
  readonly nowMs: () => number;
  /** Returns the newest Maglev table; called at each update. */
  readonly table: () => MaglevTable | undefined;
  /** Load that `maglev` allows a backend, as a multiple of its share; 0: no limit. */
  readonly balanceFactor: number;
}

export function createPicker<C extends Candidate>(policy: PolicyName, parts: PolicyParts): Picker<C> {
  switch (policy) {
    case 'two-choices':
      return twoChoices(parts.random);
    case 'round-robin':
      return roundRobin();
    case 'least-connections':
      return leastConnections();
    case 'random':
      return randomChoice(parts.random);
    case 'peak-ewma':
      return peakEwma(parts.random, parts.nowMs);
    case 'source-ip':
      return sourceIp(parts.random);
    case 'maglev':
      return maglev(parts.random, parts.table, parts.balanceFactor);
  }
}

/** Whether the policy uses the key that is passed to {@link Picker.pick}. */
export function isKeyed(policy: PolicyName): boolean {
  return policy === 'source-ip' || policy === 'maglev';
}

/** Whether the policy uses {@link Candidate.latency}, so that attempts have to be timed. */
export function isTimed(policy: PolicyName): boolean {
  return policy === 'peak-ewma';
}
