/**
 * bench/faults/products/haproxy.ts: HAProxy as it is run in production: health checks, errors of real requests that
 * take a server out, requests that move to another server where they may, a master process that can reload, and the
 * runtime API for the operator.
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { LOOPBACK } from '../../loopback.js';
import { findProgram, programVersion } from '../../programs.js';
import { type NameServer, type Product, type ProductSetup, SETTINGS } from '../product.js';

const ANSWER_WITHIN_MS = 5_000;
/** Methods that may be repeated (RFC 9110 section 9.2.2); HAProxy itself would repeat any. */
const REPEATABLE = 'GET HEAD OPTIONS PUT DELETE TRACE';

export const haproxy: Product = {
  name: 'haproxy',
  find: () => {
    const program = findProgram('haproxy');
    return program === undefined ? { missing: 'HAProxy is not installed' } : { label: programVersion(program, '-v') };
  },
  lacks: { workerPid: 'its threads share one process' },
  settings:
    'threads below a master; health checks by HTTP; `retry-on all-retryable-errors` for methods that may be repeated, ' +
    '`option redispatch 1`; `observe layer7 error-limit 5 on-error mark-down`; a `resolvers` section for names',
  async start(children, setup) {
    const folder = children.temporaryFolder();
    const [file, api] = [join(folder, 'haproxy.cfg'), join(folder, 'api')];
    const write = (weight: number): void => writeFileSync(file, configOf(setup, api, weight));
    write(1);
    const child = await children.start(
      [findProgram('haproxy') ?? 'haproxy', '-W', '-db', '-q', '-f', file],
      setup.cores,
    );
    const setState = (address: string, state: string): Promise<void> =>
      command(api, `set server pool/${serverName(setup, address)} state ${state}`);
    return {
      child,
      replaceWorkers: async () => child.signal('SIGUSR2'),
      drain: (address) => setState(address, 'drain'),
      undrain: (address) => setState(address, 'ready'),
      reload: async (weight) => {
        write(weight);
        child.signal('SIGUSR2');
      },
    };
  },
};

/** @param weight of the last server */
function configOf(setup: ProductSetup, api: string, weight: number): string {
  const { checkIntervalMs, checkTimeoutMs, rise, fall, connectMs, responseMs, retries, queueMs, idleConnections } =
    SETTINGS;
  const { backends, names } = setup;
  const limit = setup.maxConnections === undefined ? '' : ` maxconn ${setup.maxConnections}`;
  const byName = names === undefined ? '' : ' resolvers names resolve-prefer ipv4 init-addr none';
  const server = (address: string): string =>
    `server ${serverName(setup, address)} ${address} weight ${address === backends.at(-1) ? weight : 1}${byName}`;
  return `global
  nbthread ${setup.workers}
  maxconn 8192
  stats socket ${api} mode 600 level admin expose-fd listeners
${names === undefined ? '' : resolversOf(names)}defaults
  mode http
  timeout connect ${connectMs}ms
  timeout client 65s
  timeout server ${responseMs}ms
  timeout queue ${queueMs}ms
  timeout check ${checkTimeoutMs}ms
  retries ${retries}
  option redispatch 1
  retry-on all-retryable-errors
frontend clients
  bind ${LOOPBACK}:${setup.port}
  default_backend pool
backend pool
  balance roundrobin
  http-reuse always
  http-request disable-l7-retry unless { method ${REPEATABLE} }
  option httpchk GET /health
  default-server check inter ${checkIntervalMs}ms fall ${fall} rise ${rise} pool-max-conn ${idleConnections}
  default-server observe layer7 error-limit 5 on-error mark-down${limit}
  ${backends.map(server).join('\n  ')}
`;
}

function resolversOf({ server }: NameServer): string {
  const { nameValidMs } = SETTINGS;
  return `resolvers names
  nameserver bench ${server}
  timeout resolve ${nameValidMs}ms
  timeout retry ${nameValidMs}ms
  hold valid ${nameValidMs}ms
`;
}

function serverName({ backends }: ProductSetup, address: string): string {
  return `s${backends.indexOf(address) + 1}`;
}

/** @throws {Error} when HAProxy does not do as it is told; it then says why, otherwise nothing */
async function command(api: string, line: string): Promise<void> {
  const socket = connect(api);
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('HAProxy does not answer')));
  socket.end(`${line}\n`);
  const answer = (await textOf(socket)).trim();
  if (answer !== '') throw new Error(`HAProxy says to "${line}": ${answer}`);
}
