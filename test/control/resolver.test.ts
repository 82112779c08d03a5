import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { DiscoveryGuard } from '../../src/control/discovery-guard.js';
import type { Pool } from '../../src/control/pool.js';
import { Resolver } from '../../src/control/resolver.js';
import { RunningConfig } from '../../src/control/running-config.js';
import { seeded } from '../../src/core/random.js';
import { backendOf, configOf, idOf, LogBook, poolOf } from './support.js';

const ID = 'app:80';

describe('The resolver', () => {
  let log: LogBook;
  let pool: Pool;
  let moved: string[];
  let names: readonly string[] | Error;
  let accepting: Set<string>;
  let asked: number;
  let tried: string[];
  let atOnce: number;
  let mostAtOnce: number;
  let own: string[];
  let resolver: Resolver;

  beforeEach(() => {
    log = new LogBook();
    ({ pool } = poolOf(backendOf(ID, { health: 'down' })));
    moved = [];
    names = ['10.0.0.1'];
    accepting = new Set();
    asked = 0;
    tried = [];
    own = ['127.0.0.1:80'];
    atOnce = 0;
    mostAtOnce = 0;
    resolver = new Resolver({
      lookup: async () => {
        asked += 1;
        if (names instanceof Error) throw names;
        return { addresses: names, ttlMs: 0 };
      },
      config: new RunningConfig(configOf([ID]), {}),
      random: seeded(1),
      accepts: async (host) => {
        tried.push(host);
        atOnce += 1;
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        await Promise.resolve();
        atOnce -= 1;
        return accepting.has(host);
      },
      guard: new DiscoveryGuard({
        config: new RunningConfig(configOf([ID], { dns: { addresses: 20 } }), {}),
        ownAddresses: () => own,
        logger: log.logger,
      }),
      onMoved: (_pool, id) => moved.push(id),
      logger: log.logger,
    });
  });
  afterEach(() => resolver.stop());

  it('lets go of an address where the balancer has begun to listen, for another one of the name', async () => {
    await watch();
    expect(pool.backend(idOf(ID))).to.include({ host: '10.0.0.1' });
    own = ['10.0.0.1:80'];
    resolver.leaveOwnAddresses();
    expect(pool.backend(idOf(ID))).to.include({ host: 'app', health: 'down' });
    await turn();
    expect(pool.backend(idOf(ID)), 'while there is no other').to.include({ host: 'app', health: 'down' });
    names = ['10.0.0.1', '10.0.0.2'];
    resolver.refresh(pool, idOf(ID));
    await turn();
    expect(pool.backend(idOf(ID))).to.include({ host: '10.0.0.2' });
  });

  const watch = (): Promise<boolean> => resolver.watch(pool, backendOf(ID));
  const hostNow = (): string | undefined => pool.backend(idOf(ID))?.host;
  /** Settles when a refresh has been answered: a watch started while it runs would be a second one. */
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  it('gives a backend the address of its name, and has it judged anew', async () => {
    await watch();
    expect(pool.backend(idOf(ID))).to.include({ host: '10.0.0.1', health: 'unknown' });
    expect(moved).to.deep.equal([ID]);
  });

  it('prefers the first address that accepts when there are several', async () => {
    names = ['10.0.0.1', '10.0.0.2', '::1'];
    accepting = new Set(['10.0.0.2', '::1']);
    await watch();
    expect(hostNow()).to.equal('10.0.0.2');
  });

  it('never takes an address of the balancer itself, and says so once', async () => {
    names = ['127.0.0.1', '10.0.0.2'];
    accepting = new Set(names);
    await watch();
    expect(hostNow()).to.equal('10.0.0.2');
    names = ['127.0.0.1'];
    resolver.refresh(pool, idOf(ID));
    await settled();
    expect(hostNow()).to.equal('10.0.0.2');
    expect(log.all('DNS names an address of this balancer as a backend; it is not used')).to.have.lengthOf(1);
  });

  it('connects to a few of many addresses at a time, and to no more than are allowed', async () => {
    names = Array.from({ length: 2_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    await watch();
    expect(tried).to.deep.equal(names.slice(0, 20));
    expect(mostAtOnce).to.equal(8);
  });

  it('takes the first address when none accepts', async () => {
    names = ['10.0.0.1', '10.0.0.2'];
    await watch();
    expect(hostNow()).to.equal('10.0.0.1');
  });

  it('stays with a working address though another one is listed first now', async () => {
    await watch();
    pool.setHealth(idOf(ID), 'up', 'connected');
    names = ['10.0.0.2', '10.0.0.1'];
    accepting = new Set(names);
    resolver.refresh(pool, idOf(ID));
    await settled();
    expect([hostNow(), moved.length]).to.deep.equal(['10.0.0.1', 1]);
  });

  it('moves on when the address in use went down and another accepts', async () => {
    await watch();
    pool.setHealth(idOf(ID), 'down', 'connection refused');
    names = ['10.0.0.1', '10.0.0.2'];
    accepting = new Set(['10.0.0.2']);
    resolver.refresh(pool, idOf(ID));
    await settled();
    expect(hostNow()).to.equal('10.0.0.2');
  });

  it('leaves the backend down with the reason while its name does not resolve, and warns once', async () => {
    names = Object.assign(new Error('getaddrinfo ENOTFOUND app'), { code: 'ENOTFOUND' });
    await watch();
    resolver.refresh(pool, idOf(ID));
    await settled();
    expect(asked).to.equal(2);
    expect(pool.backend(idOf(ID))?.health).to.equal('down');
    expect(pool.healthNote(idOf(ID))?.reason).to.equal('the name does not resolve (ENOTFOUND)');
    expect(log.all('backend name does not resolve')).to.have.lengthOf(1);
    names = ['10.0.0.1'];
    resolver.refresh(pool, idOf(ID));
    await log.next('backend name resolved');
    expect(hostNow()).to.equal('10.0.0.1');
  });

  it('keeps the last good address when the name stops resolving', async () => {
    await watch();
    pool.setHealth(idOf(ID), 'up', 'connected');
    names = Object.assign(new Error('getaddrinfo EAI_AGAIN app'), { code: 'EAI_AGAIN' });
    resolver.refresh(pool, idOf(ID));
    await log.next('backend name does not resolve');
    expect(pool.backend(idOf(ID))).to.include({ host: '10.0.0.1', health: 'up' });
    expect(pool.healthNote(idOf(ID))?.reason).to.equal('connected');
  });

  it('asks once at a time', async () => {
    const first = watch();
    resolver.refresh(pool, idOf(ID));
    resolver.refresh(pool, idOf(ID));
    await first;
    expect(asked).to.equal(1);
  });

  it('changes nothing after it was stopped', async () => {
    const watching = watch();
    resolver.stop();
    await watching;
    expect(hostNow()).to.equal('app');
  });
});
