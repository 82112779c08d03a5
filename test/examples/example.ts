/** test/examples/example.ts: runs a file of examples/ as it is, but for its addresses: real backends are put behind them. */
import { readFileSync } from 'node:fs';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Balancer, type ConfigInput, createBalancer } from '../../src/index.js';
import { startBackend } from '../support/backend.js';
import { onStop } from '../support/cleanup.js';

export const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

/** What a backend answers: which one it is, and what came to it. */
export interface Echo {
  readonly pool: string;
  /** As the example calls it. */
  readonly backend: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** An answer, and what the backend said of it where one answered. */
export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly echo: Echo | undefined;
}

export async function startEcho(pool: string, backend: string): Promise<string> {
  const { address } = await startBackend(({ url, headers }, response) => {
    const echo: Echo = { pool, backend, path: url ?? '', headers };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(echo));
  });
  return address;
}

/** Starts the example in this process. @param change what has to differ beside the addresses */
export async function startExample(
  file: string,
  change: (config: ConfigInput) => ConfigInput = (config) => config,
): Promise<Balancer> {
  const written: ConfigInput = parse(readFileSync(`${EXAMPLES}${file}`, 'utf8'));
  const pools = Object.entries(written.pools).map(async ([name, pool]) => {
    const backends = (pool.backends ?? []).map(async (backend) => ({
      ...backend,
      address: await startEcho(name, backend.address),
    }));
    return [name, { ...pool, backends: await Promise.all(backends) }] as const;
  });
  const here = { workers: 0, admin: 'off', listeners: [{ address: '127.0.0.1:0' }] };
  const config = { ...written, ...here, pools: Object.fromEntries(await Promise.all(pools)) };
  const balancer = createBalancer(change(config));
  onStop(() => balancer.close(0));
  return balancer.start();
}

/** Asks over a connection of its own. */
export async function ask(balancer: Balancer, path: string, headers: Record<string, string> = {}): Promise<Asked> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${balancer.url}${path}`, { agent: false, headers }, resolve).on('error', reject);
  });
  const body = await text(response);
  const isEcho = response.headers['content-type'] === 'application/json';
  return { status: response.statusCode ?? 0, headers: response.headers, echo: isEcho ? JSON.parse(body) : undefined };
}
