/** simulator/scenarios/index.ts: all tables of the report, in its order. */
import { CONSTANTS } from './constants.js';
import { LATENCIES } from './latencies.js';
import type { SimulatedScenario } from './scenario.js';
import { TRAPS } from './traps.js';
import { WORKERS } from './workers.js';

export const SCENARIOS: readonly SimulatedScenario[] = [...LATENCIES, ...TRAPS, ...CONSTANTS, ...WORKERS];
