import { expect } from 'chai';
import { type Config, configSchema } from '../../src/config/schema.js';
import type { RunningBalancer } from '../../src/control/balancer.js';
import { startAnywhere } from '../../src/single/start.js';
import { closeEverything, LogBook, onClose, startHttp } from '../control/support.js';
import { eventually } from '../support/eventually.js';

const RELOADS = 100;
/** What waits at one look and is under way at another, of each type; a round that leaves something leaves 25 of it. */
const SLACK = 5;

describe('A balancer in one process that is reloaded again and again', () => {
  /** Pools of each round have names of their own, so that whatever stays of one is one more. */
  let contents: readonly ((round: number) => Config)[];
  let balancer: RunningBalancer;

  before(async () => {
    const backends = [await startHttp((_request, response) => void response.end('here'))].map((address) => ({
      address,
    }));
    const named = [{ address: backends[0]?.address.replace('127.0.0.1', 'localhost') ?? '' }];
    const healthCheck = { interval: '20ms', changingInterval: '20ms' };
    const configOf = (pools: object, more: object = {}): Config => {
      const listeners = [{ address: '127.0.0.1:0' }];
      return configSchema.parse({ listeners, admin: 'off', workers: 0, pools, ...more });
    };
    contents = [
      (n) => configOf({ [`web${n}`]: { backends, healthCheck, policy: 'maglev' } }),
      (n) => configOf({ [`api${n}`]: { backends: named, healthCheck, slowStart: '1m', sticky: { cookie: 'rh' } } }),
      (n) =>
        configOf(
          {
            [`web${n}`]: { backends: named, healthCheck, pipelining: 4 },
            [`api${n}`]: { backends, healthCheck, hedging: { delay: '20ms' } },
          },
          { listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }], routes: [{ pool: `web${n}` }] },
        ),
      (n) =>
        configOf(
          { [`web${n}`]: { backends, services: [{ name: '_http._tcp.nowhere.test' }] } },
          { dns: { servers: ['127.0.0.1:9'] } },
        ),
    ];
    let reading = 0;
    const read = async () => {
      const next = contents[reading % contents.length];
      const config = next?.(Math.floor(reading / contents.length)) ?? configOf({});
      reading += 1;
      return { config, adminTokens: {}, secrets: {} };
    };
    const source = { file: 'lb.yaml', read, complete: () => configOf({}) };
    balancer = await startAnywhere(configOf({ web: { backends } }), new LogBook().logger, { source });
    onClose(() => balancer.close(0));
  });
  after(closeEverything);

  it('keeps no timer, socket or thread of what has gone', async () => {
    const url = (): string => `http://${balancer.addresses[0]}/`;
    const round = async (): Promise<void> => {
      for (const _ of contents) {
        await balancer.reload();
        expect(await (await fetch(url(), { headers: { connection: 'close' } })).text()).to.equal('here');
      }
    };
    await round();
    const before = resources();
    for (let done = 0; done < RELOADS; done += contents.length) await round();
    // What the last requests and questions have open ends in its own time.
    await eventually(
      () => `no more of anything is there than before, or hardly: ${JSON.stringify([before, resources()])}`,
      () => Object.entries(resources()).every(([type, count]) => count <= (before[type] ?? 0) + SLACK),
    );
    expect(balancer.view().pools.map(({ name }) => name)).to.deep.equal([`web${RELOADS / contents.length}`]);
  });
});

/** What keeps this process from ending, by type. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
