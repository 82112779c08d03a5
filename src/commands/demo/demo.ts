/**
 * commands/demo/demo.ts: the command `demo`: sample backends, a balancer, a little traffic and a live table, all on
 * loopback. When it ends, all that it started has ended.
 */
import { type Config, configSchema, DEFAULT_POOL } from '../../config/schema.js';
import { type RunningBalancer, startBalancer } from '../../control/balancer.js';
import { createLogger } from '../../control/logger.js';
import { CouldNotRunError, ENDED_BY_SECOND_INT, readCount, SAME_KEYPRESS_MS } from '../program.js';
import { type Fleet, freePort, startFleet } from '../sample-fleet.js';
import { createScreen, type Screen } from '../screen.js';
import { type DemoCertificate, demoCertificate } from './demo-certificate.js';
import { describePage, hintsFor, schemeOf } from './describe.js';
import { hintLines, tableLines } from './page.js';
import { Traffic } from './traffic.js';

const MOST_BACKENDS = 20;
const WORKERS = 2;
const FIRST_BACKEND_PORT = 3001;
const PORT = 8080;
const TLS_PORT = 8443;
const ADMIN_PORT = 9901;
/** Drain time of the balancer: responses of sample backends take milliseconds, so a short one is enough. */
const DRAIN_MS = 1_000;

/**
 * Runs until it is interrupted, then prints the number of requests.
 * @param isSecure whether it speaks https
 * @throws {UsageError} if `countText` is not a number of backends
 * @throws {CouldNotRunError | StartError} if something could not listen or failed; nothing is left running then
 */
export async function demo(countText: string, isSecure: boolean): Promise<void> {
  const count = readCount(countText, '--backends', MOST_BACKENDS);
  const ended = interruption();
  const ports = Array.from({ length: count }, (_, index) => freePort(FIRST_BACKEND_PORT + index));
  const certificate = isSecure ? await demoCertificate() : undefined;
  const fleet = await startFleet(await Promise.all(ports));
  try {
    await withBalancer(fleet, ended, certificate);
  } finally {
    await Promise.all([fleet.stop(), certificate?.remove()]);
  }
  process.exit(0);
}

async function withBalancer(
  fleet: Fleet,
  ended: Promise<void>,
  certificate: DemoCertificate | undefined,
): Promise<void> {
  const config = await configFor(fleet, certificate);
  // Log lines would break the table, which shows the same information.
  const balancer = await startBalancer(config, createLogger('error'));
  const traffic = new Traffic(`${schemeOf(balancer)}://${balancer.addresses[0]}`);
  traffic.start();
  const stopShowing = keepShowing(createScreen(process.stdout), fleet, balancer, traffic);
  const failure = await Promise.race([ended, balancer.failed]);
  stopShowing();
  traffic.stop();
  if (failure !== undefined) {
    balancer.kill();
    throw new CouldNotRunError(failure.message);
  }
  await balancer.close(DRAIN_MS);
  const { answered, failed } = traffic.counts;
  console.log(`\nDemo ended: ${answered + failed} requests, ${failed} failed.`);
}

async function configFor(fleet: Fleet, certificate: DemoCertificate | undefined): Promise<Config> {
  const address = `127.0.0.1:${await freePort(certificate === undefined ? PORT : TLS_PORT)}`;
  const files = certificate && { cert: certificate.cert, key: certificate.key };
  return configSchema.parse({
    listeners: [{ address, tls: files && { certificates: [files] } }],
    admin: `127.0.0.1:${await freePort(ADMIN_PORT)}`,
    workers: WORKERS,
    pools: {
      [DEFAULT_POOL]: {
        backends: fleet.members.map(({ address }) => ({ address })),
        // Shorter than the defaults, since somebody is watching.
        healthCheck: { path: '/health', interval: '1s', changingInterval: '500ms', timeout: '1s' },
      },
    },
  });
}

/** Resolves at a signal that ends the demo, or when standard output is closed. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    let since: number | undefined;
    const interrupt = (): void => {
      // Backends and workers end by themselves when this process is gone.
      if (since !== undefined && performance.now() - since > SAME_KEYPRESS_MS) process.exit(ENDED_BY_SECOND_INT);
      since ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
    process.stdout.once('error', () => resolve());
  });
}

/** Shows the page repeatedly. @returns a function that stops it */
function keepShowing(screen: Screen, fleet: Fleet, balancer: RunningBalancer, traffic: Traffic): () => void {
  const show = (): void => {
    const page = describePage(fleet, balancer, traffic);
    screen.show(tableLines(page), hintLines(hintsFor(page, fleet)));
  };
  show();
  const timer = setInterval(show, screen.everyMs);
  return () => clearInterval(timer);
}
