/**
 * bench/faults/products/nginx.ts: nginx as it is run in production: failed requests go to the next backend where they
 * may, and a backend that keeps failing is left alone for a while. It has no health checks of its own and no API, so an
 * operator edits its file and has it read again.
 */
import { ENDLESS, type NginxParts, nginxCommand } from '../../peers/nginx.js';
import { processTree } from '../../process-tree.js';
import { findProgram, programVersion } from '../../programs.js';
import { type NameServer, type Product, type ProductSetup, SETTINGS } from '../product.js';

/** What differs from the configuration that nginx was started with. */
interface Change {
  /** Address of the backend that is marked down. */
  readonly down: string | undefined;
  /** Weight of the last backend. */
  readonly weight: number;
}
const AS_STARTED: Change = { down: undefined, weight: 1 };

export const nginx: Product = {
  name: 'nginx',
  find: () => {
    const program = findProgram('nginx');
    return program === undefined ? { missing: 'nginx is not installed' } : { label: programVersion(program, '-v') };
  },
  lacks: {},
  settings:
    '`proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504`, 3 tries; ' +
    '`max_fails=3 fail_timeout=5s` with a shared `zone`; it has no health checks; names are followed only by a ' +
    '`proxy_pass` with a variable, which takes all addresses of one name, counts no failures and keeps no connection',
  async start(children, setup) {
    const folder = children.temporaryFolder();
    const child = await children.start(nginxCommand(partsOf(setup, AS_STARTED), folder), setup.cores);
    const reload = async (change: Change): Promise<void> => {
      nginxCommand(partsOf(setup, change), folder);
      child.signal('SIGHUP');
    };
    return {
      child,
      workerPid: async () => {
        const worker = processTree(child.pid).find(({ parent }) => parent === child.pid);
        if (worker === undefined) throw new Error('nginx has no worker');
        return worker.pid;
      },
      replaceWorkers: () => reload(AS_STARTED),
      drain: (address) => reload({ down: address, weight: 1 }),
      undrain: () => reload(AS_STARTED),
      reload: (weight) => reload({ down: undefined, weight }),
    };
  },
};

function partsOf(setup: ProductSetup, change: Change): NginxParts {
  const { port, names, workers } = setup;
  const { connectMs, responseMs, retries } = SETTINGS;
  return {
    ...{ port, workers, logs: 'crit' },
    http: [names === undefined ? upstreamOf(setup, change) : resolverOf(names)],
    server: names === undefined ? [] : [`set $pool ${names.pool};`],
    location: [
      `proxy_pass http://${names === undefined ? 'pool' : '$pool'};`,
      'proxy_set_header Connection "";',
      'proxy_set_header Host $http_host;',
      `proxy_connect_timeout ${connectMs}ms;`,
      `proxy_read_timeout ${responseMs}ms;`,
      'proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;',
      `proxy_next_upstream_tries ${1 + retries};`,
    ],
  };
}

function upstreamOf({ backends, maxConnections }: ProductSetup, { down, weight }: Change): string {
  const limit = maxConnections === undefined ? '' : ` max_conns=${maxConnections}`;
  const server = (address: string): string => {
    const own = address === backends.at(-1) ? ` weight=${weight}` : '';
    return `server ${address}${own} max_fails=3 fail_timeout=5s${limit}${address === down ? ' down' : ''};`;
  };
  const kept = `keepalive ${SETTINGS.idleConnections}; keepalive_requests ${ENDLESS};`;
  return `upstream pool { zone pool 256k; ${backends.map(server).join(' ')} ${kept} }`;
}

function resolverOf({ server }: NameServer): string {
  return `resolver ${server} valid=${SETTINGS.nameValidMs / 1_000}s ipv6=off;`;
}
