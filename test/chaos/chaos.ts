/**
 * test/chaos/chaos.ts: one round: a worker in this process, backends and clients that misbehave as a seed says, and the
 * check that every request ended as it may and that nothing of it is left.
 */
import { type Random, seeded } from '../../src/core/random.js';
import { refusingAddress, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.js';
import { startChaoticBackend } from './backend.js';
import { runClient } from './client.js';
import { Journal } from './journal.js';
import { planRound } from './plan.js';

const PATIENCE_MS = 45_000;
const CHANGE_MS = 60;

const SETTINGS: Omit<ProxyOptions, 'backends'> = {
  policy: 'two-choices',
  timeouts: { head: '500ms', bodyGap: '500ms', keepAlive: '1s', write: '500ms' },
  upstream: { connect: '500ms', responseHead: '500ms', betweenBytes: '500ms', tunnelIdle: '2s', idle: '300ms' },
  // Enough that only the rules about what may be repeated decide whether it is.
  retries: { on: ['connect-failure', 'reset', 'bad-response'], count: 10, budget: 1, minPerSecond: 10_000 },
};

/**
 * Plays one round to its end. The journal tells what must not have been; empty `violations` is what is wanted.
 * @param pipelining requests on one connection to a backend
 */
export async function playRound(seed: number, clients: number, pipelining = 1): Promise<Journal> {
  const journal = new Journal();
  const plans = planRound(seed, clients, pipelining > 1);
  for (const { requests } of plans) for (const request of requests) journal.plan(request);
  try {
    const good = await Promise.all(['A', 'B', 'C'].map((name) => startChaoticBackend(name, journal)));
    const slams = await startRawBackend((peer) => peer.reset());
    const backends = [...good, slams].map(({ address }) => address);
    const proxy = await startProxy({ ...SETTINGS, pipelining, backends: [...backends, await refusingAddress()] });
    const changing = changePool(
      proxy,
      good.map(({ address }) => address),
      seeded(seed),
    );
    const work = Promise.all(plans.map((plan) => runClient(proxy.port, plan, journal)));
    await inTime(work, seed).finally(() => clearInterval(changing));
  } finally {
    await stopEverything();
  }
  for (const { id } of plans.flatMap(({ requests }) => requests)) {
    if (!journal.hasEnded(id)) journal.violated(id, 'it never ended');
  }
  return journal;
}

/** Now and then one of the good backends takes no new requests, or counts as down, until the next change. */
function changePool(proxy: TestProxy, addresses: readonly string[], random: Random): NodeJS.Timeout {
  let version = proxy.snapshot.version;
  let away: string | undefined;
  return setInterval(() => {
    version += 1;
    const address = away ?? addresses[random.below(addresses.length)] ?? '';
    const state = random.below(2) === 0 ? ({ admin: 'draining' } as const) : ({ health: 'down' } as const);
    proxy.change(address, version, away === undefined ? state : {});
    away = away === undefined ? address : undefined;
  }, CHANGE_MS);
}

async function inTime(work: Promise<unknown>, seed: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Round ${seed} hangs`)), PATIENCE_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
