/** bench/micro/pick.ts: nanoseconds per pick by policy and pool size; "floor" is the harness with no policy in it. */
import { Latency } from '../../src/balancing/latency.js';
import { buildMaglevTable, type MaglevTable } from '../../src/balancing/maglev-table.js';
import type { Candidate, Picker } from '../../src/balancing/picker.js';
import { createPicker, POLICIES, type PolicyName } from '../../src/balancing/policies.js';
import { TurnClock } from '../../src/balancing/turns.js';
import type { BackendId } from '../../src/core/backend.js';
import { type Random, seeded } from '../../src/core/random.js';
import { backendIdSchema } from '../../src/core/schemas.js';
import { SIZES } from './backends.js';
import { nanosecondsPerCall } from './measure.js';
import { type MicroTable, sizeColumns } from './table.js';

const HEAVIEST = 3;
const BUSIEST = 10;
const SLOWEST_MS = 20;
/** Client addresses, for policies that hash them. */
const ADDRESSES = Array.from({ length: 1_024 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
const NOTHING_TRIED: ReadonlySet<BackendId> = new Set();

interface Counted extends Candidate {
  inflight: number;
  turn: number;
}

/** @returns backends of mixed weights and loads, as in a pool in use */
function candidates(size: number, random: Random): Counted[] {
  return Array.from({ length: size }, (_, index) => ({
    id: backendIdSchema.parse(`10.0.${index >> 8}.${index & 255}:80`),
    weight: 1 + random.below(HEAVIEST),
    inflight: random.below(BUSIEST),
    turn: random.next(),
    latency: measured(1 + random.below(SLOWEST_MS)),
  }));
}

function measured(ms: number): Latency {
  const latency = new Latency();
  latency.answered(ms, 0);
  return latency;
}

function pickerOf(policy: PolicyName): Picker<Counted> {
  let table: MaglevTable | undefined;
  const parts = { random: seeded(1), nowMs: () => 0, table: () => table, balanceFactor: 1.25 };
  const picker = createPicker<Counted>(policy, parts);
  return {
    ...picker,
    update(eligible) {
      table = buildMaglevTable(eligible);
      picker.update(eligible);
    },
  };
}

function alwaysFirst(): Picker<Counted> {
  let first: Counted | undefined;
  return {
    update: (eligible) => {
      first = eligible[0];
    },
    pick: () => first,
  };
}

/** One request starts on the picked backend and the one before it ends, so the load moves but does not grow. */
function requestOn(picker: Picker<Counted>, size: number): () => unknown {
  const clock = new TurnClock();
  let before: Counted | undefined;
  let requests = 0;
  picker.update(candidates(size, seeded(size)));
  return () => {
    requests += 1;
    const chosen = picker.pick(NOTHING_TRIED, ADDRESSES[requests & (ADDRESSES.length - 1)] ?? '');
    if (before !== undefined) {
      before.inflight--;
      picker.loadChanged?.(before, -1);
    }
    if (chosen !== undefined) {
      chosen.inflight++;
      clock.take(chosen);
      picker.loadChanged?.(chosen, 1);
    }
    before = chosen;
    return chosen;
  };
}

export function measurePick(): MicroTable {
  const subjects = [
    ['floor', alwaysFirst] as const,
    ...POLICIES.map((policy) => [policy, () => pickerOf(policy)] as const),
  ];
  const rows = subjects.map(([name, create]) => ({
    name,
    values: SIZES.map((size) => nanosecondsPerCall(requestOn(create(), size))),
  }));
  return { columns: sizeColumns(SIZES, 1), rows };
}
