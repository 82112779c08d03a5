import { expect } from 'chai';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema.js';
import { configAfter, isIdle, planReload, type ReloadPlan } from '../../src/control/reload-plan.js';
import { planLines } from '../../src/control/reload-text.js';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const HERE = '10.0.0.3:80';
const THERE = '10.0.0.4:80';

type Pools = ConfigInput['pools'];

function config(pools: Pools, more: Partial<ConfigInput> = {}): Config {
  return configSchema.parse({ pools, ...more });
}

/** The plan for a balancer that is as `before` says. */
function planned(before: Config, after: Config): ReloadPlan {
  const running = Object.entries(before.pools).map(([name, { backends }]) => ({
    name,
    backends: backends.map(({ address: id, ...settings }) => ({ id, service: null, ...settings })),
  }));
  return planReload(running, before, after);
}

describe('What another configuration means for a balancer that runs', () => {
  const web = { backends: [{ address: A }] };
  const before = config({ web });

  it('is nothing when it says the same in other words', () => {
    const after = config({ web: { ...web, policy: 'two-choices' } }, { drain: '30s' });
    const plan = planned(before, after);
    expect([planLines(plan), isIdle(plan)]).to.deep.equal([[], true]);
  });

  it('is one thing for each pool, backend, listener and key that differs', () => {
    const after = config(
      { web: { backends: [{ address: A, weight: 3 }, { address: B }], retries: { count: 1 } }, api: web },
      { listeners: [{ address: '0.0.0.0:80' }], timeouts: { head: '1s' }, routes: [{ pool: 'web' }], admin: 'off' },
    );
    const lines = [
      'listener 0.0.0.0:80: added',
      'listener 0.0.0.0:8080: removed',
      'pool web: retries.count changed',
      `pool web: backend ${B} added`,
      `pool web: backend ${A} gets weight 3`,
      'pool api: added',
      `pool api: backend ${A} added`,
    ];
    const plan = planned(before, after);
    expect(planLines(plan)).to.include.members([...lines, 'timeouts.head: changed', 'admin: needs a restart']);
    expect([plan.settings, plan.restart]).to.deep.equal([['timeouts.head', 'routes'], ['admin']]);
    expect(planLines(planned(after, before))).to.include('pool api: removed');
  });

  it('waits for a restart in what takes one, until that comes, and is idle if that is all', () => {
    for (const more of [{ accept: 'round-robin' }, { stateFile: 'state.json' }, { workers: 0 }] as const) {
      const after = config({ web }, more);
      const plan = planned(before, after);
      expect([plan.restart, isIdle(plan)]).to.deep.equal([Object.keys(more), true]);
      expect(configAfter(before, after)).to.deep.equal(before);
    }
    expect(planned(before, config({ web }, { workers: 2 })).settings).to.deep.equal(['workers']);
  });

  it('knows a listener by its name: another address is another socket, another name is a change', () => {
    const listening = (...listeners: ConfigInput['listeners'] & object) => config({ web }, { listeners });
    const lines = (from: Config, to: Config) => planLines(planned(from, to));
    const [plain, called] = [listening({ address: HERE }), listening({ name: 'public', address: HERE })];
    expect(lines(plain, called)).to.deep.equal([`listener public (${HERE}): name changed`]);
    expect(isIdle(planned(plain, called))).to.equal(false);
    expect(lines(called, listening({ name: 'public', address: THERE }))).to.deep.equal([
      `listener public (${THERE}): added`,
      `listener public (${HERE}): removed`,
    ]);
  });

  it('counts listeners on port 0, of which each has a port of its own', () => {
    const listening = (count: number) =>
      config({ web }, { listeners: Array.from({ length: count }, () => ({ address: '127.0.0.1:0' })) });
    expect(planned(listening(1), listening(3)).listeners.add).to.have.lengthOf(2);
    expect(planned(listening(3), listening(2)).listeners.remove).to.have.lengthOf(1);
  });
});
