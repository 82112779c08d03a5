import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { HealthCheckConfig } from '../../src/config/schema.js';
import { HealthScheduler } from '../../src/control/health-scheduler.js';
import type { Pool } from '../../src/control/pool.js';
import type { ProbeResult, ProbeTask } from '../../src/core/probe.js';
import { seeded } from '../../src/core/random.js';
import { milliseconds } from '../support/milliseconds.js';
import { backendOf, configOf, idOf, LogBook, poolOf } from './support.js';

const A = '10.0.0.1:80';
const GOOD: ProbeResult = { ok: true, reason: 'HTTP 200', ms: 1 };
const BAD: ProbeResult = { ok: false, reason: 'HTTP 503', ms: 1 };
const HOUR = milliseconds(3_600_000);

/** Probes that the test answers one by one. */
class Probes {
  readonly tasks: ProbeTask[] = [];
  readonly #open: { resolve(result: ProbeResult): void; reject(error: Error): void }[] = [];
  #onAsked: (() => void) | undefined;

  readonly probe = (task: ProbeTask): Promise<ProbeResult> => {
    this.tasks.push(task);
    return new Promise((resolve, reject) => {
      this.#open.push({ resolve, reject });
      this.#onAsked?.();
    });
  };

  get open(): number {
    return this.#open.length;
  }

  /** Waits for the next probe and answers it. */
  async answer(...results: readonly (ProbeResult | Error)[]): Promise<void> {
    for (const result of results) {
      if (this.#open.length === 0) await new Promise<void>((resolve) => (this.#onAsked = resolve));
      const probe = this.#open.shift();
      if (result instanceof Error) probe?.reject(result);
      else probe?.resolve(result);
      await Promise.resolve();
    }
    // Lets the last answer reach the pool.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('The health checks', () => {
  let log: LogBook;
  let probes: Probes;
  let pool: Pool;
  let down: string[];
  let clock: number | undefined;
  let scheduler: HealthScheduler;

  beforeEach(() => {
    log = new LogBook();
    probes = new Probes();
    down = [];
    clock = undefined;
    ({ pool } = poolOf(backendOf(A)));
    scheduler = new HealthScheduler({
      openingOf: () => '',
      lenient: () => [],
      speaksTls: () => false,
      probe: probes.probe,
      random: seeded(1),
      logger: log.logger,
      journal: log.journal,
      nowMs: () => clock ?? performance.now(),
      onVerdict: () => {},
      onDown: (_pool, id) => down.push(id),
    });
  });
  afterEach(() => {
    scheduler.stop();
    mock.timers.reset();
  });

  /** Moves the clock and the timers of the scheduler to `ms`, from where they were held. */
  function passTo(ms: number): void {
    mock.timers.tick(ms - (clock ?? 0));
    clock = ms;
  }

  function holdClock(): void {
    clock = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
  }

  function check(fields: Partial<HealthCheckConfig> = {}): HealthCheckConfig {
    const defaults = configOf([A]).pools['default']?.healthCheck;
    if (defaults === undefined) throw new Error('no pool');
    return { ...defaults, ...fields };
  }

  const quick = (): HealthCheckConfig =>
    check({ interval: milliseconds(1), changingInterval: milliseconds(1), downInterval: milliseconds(1) });
  const watch = (how: HealthCheckConfig): Promise<void> => scheduler.watch(pool, idOf(A), how);
  const healthNow = (): string | undefined => pool.backend(idOf(A))?.health;

  it('probe at once, however long the interval, and the first verdict decides', async () => {
    const first = watch(check({ interval: HOUR, port: 8080 }));
    expect(probes.tasks).to.deep.equal([{ host: '10.0.0.1', port: 8080, http: undefined, timeoutMs: 2_000 }]);
    await probes.answer(BAD);
    await first;
    expect(healthNow()).to.equal('down');
    expect(scheduler.lastProbe(pool, idOf(A))).to.include({ ...BAD, inARow: 1 });
  });

  it('begin a hundred probes in a turn, however many are due, and all of them in the end', async () => {
    const ids = Array.from({ length: 1_050 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
    ({ pool } = poolOf(...ids.map((id) => backendOf(id))));
    for (const id of ids) void scheduler.watch(pool, idOf(id), check({ interval: HOUR }));
    scheduler.unwatch(pool, idOf(ids.at(-1) ?? ''));
    const counts = [probes.tasks.length];
    while (probes.tasks.length < ids.length - 1) {
      await nextTurn();
      counts.push(probes.tasks.length - counts.reduce((sum, count) => sum + count, 0));
    }
    expect(Math.max(...counts)).to.equal(100);
    await nextTurn();
    expect(new Set(probes.tasks.map(({ host }) => host)).size, 'each once').to.equal(1_049);
    expect(probes.tasks.length, 'and none that has left').to.equal(1_049);
  });

  it('take a backend down after `fall` failures in a row, and not before', async () => {
    void watch(quick());
    await probes.answer(GOOD, BAD, BAD);
    expect(healthNow()).to.equal('up');
    await probes.answer(GOOD, BAD, BAD, BAD);
    expect(healthNow()).to.equal('down');
    expect(pool.healthNote(idOf(A))?.reason).to.equal('HTTP 503');
    expect(down).to.deep.equal([A]);
  });

  it('bring it back after `rise` successes in a row, and not before', async () => {
    void watch(quick());
    await probes.answer(BAD, GOOD);
    expect(healthNow()).to.equal('down');
    await probes.answer(BAD, GOOD, GOOD);
    expect(healthNow()).to.equal('up');
  });

  it('say why a backend is down that was so before the first of them, or is so for another reason by now', async () => {
    pool.setHealth(idOf(A), 'down', 'not probed yet');
    void watch({ ...quick(), initial: 'down' });
    const reasonNow = (): string | undefined => pool.healthNote(idOf(A))?.reason;
    await probes.answer(BAD);
    expect(reasonNow()).to.equal('HTTP 503');
    await probes.answer({ ...BAD, reason: 'connection refused' });
    expect(reasonNow()).to.equal('connection refused');
    await probes.answer(GOOD);
    expect(reasonNow()).to.equal('connection refused');
  });

  it('log a change of state once, with the reason, and no single probe', async () => {
    void watch(quick());
    await probes.answer(GOOD, BAD, BAD, BAD, BAD, BAD, GOOD, GOOD, GOOD);
    expect(log.entries.map(({ message, reason }) => [message, reason])).to.deep.equal([
      ['backend is up', 'HTTP 200'],
      ['backend is down', 'HTTP 503'],
      ['backend is up', 'HTTP 200'],
    ]);
  });

  it('never run two probes of one backend at a time', async () => {
    void watch(quick());
    scheduler.soon(pool, idOf(A));
    scheduler.soon(pool, idOf(A));
    expect(probes.open).to.equal(1);
    await probes.answer(GOOD);
  });

  it('probe soon when traffic fails, but not within a second of the last probe', async () => {
    holdClock();
    void watch(check({ interval: HOUR }));
    await probes.answer(GOOD);
    passTo(900);
    scheduler.soon(pool, idOf(A));
    scheduler.soon(pool, idOf(A));
    passTo(999);
    expect(probes.tasks, 'within the second').to.have.lengthOf(1);
    passTo(1_000);
    expect(probes.tasks, 'after it').to.have.lengthOf(2);
  });

  it('begin at their intervals, however long a backend that hangs lets each of them wait', async () => {
    holdClock();
    void watch(check({ interval: HOUR, changingInterval: milliseconds(2_000) }));
    await probes.answer(GOOD);
    passTo(1_000);
    scheduler.soon(pool, idOf(A));
    passTo(3_500);
    await probes.answer(BAD);
    passTo(3_501);
    expect(probes.tasks).to.have.lengthOf(3);
  });

  describe('of a backend that answers nothing while requests wait on it', () => {
    const LATE: ProbeResult = { ok: false, reason: 'timed out after 2 s', ms: 2_000, late: true };
    const lastRequest = (): string => probes.tasks.at(-1)?.http?.request.split('\r\n')[0] ?? 'connect';

    async function known(how: Partial<HealthCheckConfig> = {}): Promise<void> {
      holdClock();
      const first = watch(check({ interval: HOUR, jitter: 0, ...how }));
      await probes.answer(GOOD);
      await first;
      passTo(10_000);
    }

    it('ask it over HTTP, on the port that takes requests, and let it be when it answers anything', async () => {
      await known({ port: 9_000 });
      scheduler.suspect(pool, idOf(A), 2_000);
      expect(probes.tasks.at(-1)?.port).to.equal(80);
      expect(lastRequest()).to.equal('OPTIONS * HTTP/1.1');
      await probes.answer(BAD);
      expect(healthNow()).to.equal('up');
      expect(scheduler.probes(pool, idOf(A)).asked).to.deep.equal({ alive: 1, silent: 0 });
    });

    it('ask at most once a second, however many workers suspect it', async () => {
      await known();
      scheduler.suspect(pool, idOf(A), 2_000);
      scheduler.suspect(pool, idOf(A), 2_000);
      await probes.answer(GOOD);
      passTo(10_900);
      scheduler.suspect(pool, idOf(A), 3_000);
      expect(probes.open).to.equal(0);
      passTo(11_000);
      scheduler.suspect(pool, idOf(A), 3_000);
      expect(probes.open).to.equal(1);
    });

    it('keep their interval meanwhile', async () => {
      await known({ interval: milliseconds(20_000) });
      const due = (): number => probes.tasks.filter(({ http }) => http === undefined).length;
      for (let ms = 10_000; ms < 40_000 && due() < 2; ms += 1_000) {
        passTo(ms);
        if (probes.open === 0) scheduler.suspect(pool, idOf(A), 2_000);
        await probes.answer(GOOD);
      }
      expect(due()).to.equal(2);
      expect(clock).to.be.at.most(21_000);
    });

    it('take it down when it is silent again, and ask until it answers: a stopped process would pass a connect', async () => {
      await known();
      scheduler.suspect(pool, idOf(A), 2_400);
      await probes.answer(LATE);
      expect(healthNow()).to.equal('down');
      expect(down).to.deep.equal([A]);
      expect(pool.healthNote(idOf(A))?.reason).to.equal(
        'answers nothing: no response for 2.4 s, nor to OPTIONS * within 2 s',
      );
      for (const at of [11_000, 12_000, 13_000]) {
        passTo(at);
        expect(lastRequest()).to.equal('OPTIONS * HTTP/1.1');
        await probes.answer(at === 13_000 ? GOOD : LATE);
      }
      // The answer is the sign of life; its own checks decide from then on.
      expect([healthNow(), lastRequest()]).to.deep.equal(['down', 'connect']);
      await probes.answer(GOOD);
      passTo(14_000);
      await probes.answer(GOOD);
      expect(healthNow()).to.equal('up');
      expect(log.entries.map(({ message }) => message)).to.deep.equal([
        'backend is up',
        'backend is down',
        'backend is up',
      ]);
    });

    it('ask right after the probe that is under way', async () => {
      await known({ path: '/health', type: 'http', interval: milliseconds(10_000) });
      expect(lastRequest()).to.equal('GET /health HTTP/1.1');
      scheduler.suspect(pool, idOf(A), 2_000);
      await probes.answer(BAD);
      expect(lastRequest()).to.equal('OPTIONS * HTTP/1.1');
    });

    it('do not ask where that is off', async () => {
      await known({ silence: milliseconds(0) });
      scheduler.suspect(pool, idOf(A), 2_000);
      expect(probes.open).to.equal(0);
    });
  });

  it('say nothing about a backend when this host could not even try', async () => {
    void watch(quick());
    await probes.answer(GOOD, new Error('could not probe: EMFILE'), new Error('could not probe: EMFILE'));
    await probes.answer(new Error('could not probe: EMFILE'), GOOD);
    expect(healthNow()).to.equal('up');
    const complaints = log.all('health check could not be made');
    expect(complaints).to.have.lengthOf(1);
    expect(complaints[0]).to.include({ backend: A, reason: 'could not probe: EMFILE' });
  });

  for (const [initial, verdicts, health] of [
    ['down', [GOOD], 'down'],
    ['down', [GOOD, GOOD], 'up'],
    ['up', [BAD, BAD], 'up'],
    ['up', [BAD, BAD, BAD], 'down'],
  ] as const) {
    it(`start from "${initial}" where that is configured: ${health} after ${verdicts.length} against it`, async () => {
      const named = poolOf(backendOf('name:80', { health: 'down' })).pool;
      void scheduler.watch(named, idOf('name:80'), { ...quick(), initial });
      named.setHost(idOf('name:80'), '10.0.0.7', initial, 'resolved');
      scheduler.restart(named, idOf('name:80'));
      await probes.answer(...verdicts);
      expect(named.backend(idOf('name:80'))?.health).to.equal(health);
    });
  }

  it('go on with what they know when they are configured otherwise', async () => {
    void watch(check({ interval: HOUR, fall: 2 }));
    await probes.answer(GOOD);
    const { since } = pool.healthNote(idOf(A)) ?? {};
    scheduler.reconfigure(pool, { ...quick(), fall: 2, type: 'http', path: '/live' });
    expect(healthNow()).to.equal('up');
    await probes.answer(BAD);
    expect(probes.tasks.at(1)?.http?.request).to.match(/^GET \/live HTTP\/1\.1\r\nHost: 10\.0\.0\.1:80\r\n/);
    expect([healthNow(), pool.healthNote(idOf(A))?.since]).to.deep.equal(['up', since]);
    await probes.answer(BAD);
    expect(healthNow()).to.equal('down');
  });

  it('drop the answer from an address the backend has left, and probe the new one at once', async () => {
    void watch(check({ interval: HOUR }));
    pool.setHost(idOf(A), '10.0.0.2', 'unknown', 'moved');
    scheduler.restart(pool, idOf(A));
    expect(probes.tasks.map(({ host }) => host)).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    await probes.answer(BAD);
    expect(healthNow()).to.equal('unknown');
    await probes.answer(GOOD);
    expect(healthNow()).to.equal('up');
  });

  it('wait for a name to resolve, and let nobody wait for it', async () => {
    const named = poolOf(backendOf('name:80', { health: 'down' })).pool;
    await scheduler.watch(named, idOf('name:80'), quick());
    scheduler.soon(named, idOf('name:80'));
    expect(probes.tasks).to.have.lengthOf(0);
    named.setHost(idOf('name:80'), '10.0.0.7', 'unknown', 'resolved');
    scheduler.restart(named, idOf('name:80'));
    await probes.answer(GOOD);
    expect(named.backend(idOf('name:80'))?.health).to.equal('up');
  });

  it('end for a backend that is removed, and for all when they are stopped', async () => {
    const first = watch(quick());
    scheduler.unwatch(pool, idOf(A));
    await first;
    await probes.answer(BAD);
    expect(healthNow()).to.equal('unknown');
    scheduler.stop();
    void watch(quick());
    expect(probes.open).to.equal(0);
  });
});
