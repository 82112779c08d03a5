/**
 * balancing/policies.ts: the only list of policies, and how a picker of each is made. The contract they keep is
 * picker.ts, a file of its own so that policies and list do not import each other.
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

/** What policies need from outside. */
export interface PolicyParts {
  /** The only source of chance, so that a seed replays every choice. */
  readonly random: Random;
  /** Milliseconds of a clock that never goes back; may be coarse. */
  readonly nowMs: () => number;
  /** The newest Maglev table; read at each update. */
  readonly table: () => MaglevTable | undefined;
  /** How many times its share of the load `maglev` lets a backend have. */
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

/** Whether the policy reads the key that it is asked with. */
export function isKeyed(policy: PolicyName): boolean {
  return policy === 'source-ip' || policy === 'maglev';
}

/** Whether the policy reads {@link Candidate.latency}, so that answers have to be timed. */
export function isTimed(policy: PolicyName): boolean {
  return policy === 'peak-ewma';
}
