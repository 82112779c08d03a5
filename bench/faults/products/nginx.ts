/**
 * bench/faults/products/nginx.ts: nginx as it is run in production: failed requests go to the next backend where they
 * may, and a backend that keeps failing is left alone for a while. It has no health checks of its own and no API, so an
 * operator edits its file and has it read again.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from '../../loopback.js';
import { temporaryPaths } from '../../peers/configs.js';
import { processTree } from '../../process-tree.js';
import { findProgram, programVersion } from '../../programs.js';
import { type NameServer, type Product, type ProductSetup, SETTINGS } from '../product.js';

const ENDLESS = 1_000_000_000;

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
    const file = join(folder, 'nginx.conf');
    const write = (change: Change): void => writeFileSync(file, configOf(setup, folder, change));
    write(AS_STARTED);
    const child = await children.start(
      [findProgram('nginx') ?? 'nginx', '-e', 'stderr', '-p', folder, '-c', file],
      setup.cores,
    );
    const reload = async (change: Change): Promise<void> => {
      write(change);
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

function configOf(setup: ProductSetup, folder: string, change: Change): string {
  const { port, names, workers } = setup;
  const { connectMs, responseMs, retries } = SETTINGS;
  return `daemon off;
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log stderr crit;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests ${ENDLESS};
  ${temporaryPaths(folder).join('\n  ')}
${names === undefined ? upstreamOf(setup, change) : resolverOf(names)}
  server {
    ${names === undefined ? '' : `set $pool ${names.pool};`}
    listen ${LOOPBACK}:${port} backlog=1024;
    location / {
      proxy_pass http://${names === undefined ? 'pool' : '$pool'};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_connect_timeout ${connectMs}ms;
      proxy_read_timeout ${responseMs}ms;
      proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries ${1 + retries};
    }
  }
}
`;
}

function upstreamOf({ backends, maxConnections }: ProductSetup, { down, weight }: Change): string {
  const limit = maxConnections === undefined ? '' : ` max_conns=${maxConnections}`;
  const server = (address: string): string => {
    const own = address === backends.at(-1) ? ` weight=${weight}` : '';
    return `server ${address}${own} max_fails=3 fail_timeout=5s${limit}${address === down ? ' down' : ''};`;
  };
  return `  upstream pool {
    zone pool 256k;
    ${backends.map(server).join('\n    ')}
    keepalive ${SETTINGS.idleConnections};
    keepalive_requests ${ENDLESS};
  }`;
}

function resolverOf({ server }: NameServer): string {
  return `  resolver ${server} valid=${SETTINGS.nameValidMs / 1_000}s ipv6=off;`;
}
