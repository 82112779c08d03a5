/** simulator/scenarios/index.ts: all tables of the report, in its order. */
import { CONSTANTS } from './constants.js';
import { LATENCIES } from './latencies.js';
import type { Scenario } from './scenario.js';
import { TRAPS } from './traps.js';
import { WORKERS } from './workers.js';

export const SCENARIOS: readonly Scenario[] = [...LATENCIES, ...TRAPS, ...CONSTANTS, ...WORKERS];
