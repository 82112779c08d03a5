import { expect } from 'chai';
import fc from 'fast-check';
import { ADMIN_STATES, configSchema } from '../../src/config/schema.js';
import type { RunningBackend } from '../../src/control/backend-plan.js';
import {
  foldState,
  isUnchanged,
  runtimeStateSchema,
  stateOf,
  UNCHANGED,
  withState,
} from '../../src/control/runtime-state.js';
import { idOf } from './support.js';

const address = fc.integer({ min: 1, max: 12 }).map((port) => `10.0.0.1:${port}`);
const settings = fc.record({
  weight: fc.integer({ min: 1, max: 1_000 }),
  tier: fc.integer({ min: 0, max: 9 }),
  maxConnections: fc.integer({ min: 0, max: 100 }),
});
const admin = fc.constantFrom(...ADMIN_STATES);
const listed = fc.uniqueArray(
  fc
    .tuple(address, settings, fc.option(admin, { nil: undefined }))
    .map(([id, given, state]) => ({ address: id, ...given, ...(state === undefined ? {} : { admin: state }) })),
  { selector: (each) => each.address },
);
const running = fc.uniqueArray(
  fc
    .tuple(address, settings, admin)
    .map(([id, given, state]): RunningBackend => ({ id: idOf(id), ...given, admin: state, service: null })),
  { selector: (each) => each.id },
);

const byId = (backends: readonly RunningBackend[]): readonly RunningBackend[] =>
  [...backends].sort((a, b) => a.id.localeCompare(b.id));
const asRunning = (backends: ReturnType<typeof withState>): readonly RunningBackend[] =>
  backends.map(({ address: id, admin: state = 'enabled', ...given }) => ({
    ...given,
    id: idOf(id),
    admin: state,
    service: null,
  }));

describe('What operators have changed', () => {
  it('laid over the configuration comes to the pool as it ran, also after it was written down', () => {
    fc.assert(
      fc.property(listed, running, (configured, now) => {
        const state = stateOf(configured, now);
        const { pool } = runtimeStateSchema.parse(JSON.parse(JSON.stringify({ pool: state })));
        expect(byId(asRunning(withState(configured, pool ?? UNCHANGED)))).to.deep.equal(byId(now));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('is nothing where the pool is as it is configured', () => {
    fc.assert(
      fc.property(listed, (configured) => {
        expect(isUnchanged(stateOf(configured, asRunning(configured)))).to.equal(true);
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('fits a configuration that has changed since, whatever that is', () => {
    fc.assert(
      fc.property(listed, running, listed, (before, now, after) => {
        const ids = withState(after, stateOf(before, now)).map((each) => each.address);
        expect(new Set(ids).size).to.equal(ids.length);
        const { removed } = stateOf(before, now);
        expect(ids.filter((id) => removed.includes(id))).to.deep.equal([]);
      }),
      { seed: 9, numRuns: 200 },
    );
  });

  it('beats what the configuration says by now about the same backend', () => {
    const of = (weight: number) => ({ address: '10.0.0.1:80', weight, tier: 0, maxConnections: 0 });
    const changed = stateOf([of(1)], asRunning([of(7)]));
    expect(withState([of(5)], changed)).to.deep.equal([of(7)]);
    const added = stateOf([], asRunning([of(7)]));
    expect(withState([of(5)], added)).to.deep.equal([of(7)]);
  });

  it('is nothing to a pool that is called like what every object has', () => {
    const config = configSchema.parse({ pools: { constructor: { backends: [{ address: '10.0.0.1:80' }] } } });
    expect(foldState(config, {})).to.deep.equal(config);
  });

  it('of a backend that a service names is the admin state alone', () => {
    const named = { id: idOf('10.0.0.1:80'), weight: 9, tier: 2, maxConnections: 4, service: '_web._tcp.example' };
    expect(stateOf([], [{ ...named, admin: 'enabled' }])).to.deep.equal(UNCHANGED);
    expect(stateOf([], [{ ...named, admin: 'draining' }])).to.deep.equal({
      ...UNCHANGED,
      changed: { [named.id]: { admin: 'draining' } },
    });
  });
});
