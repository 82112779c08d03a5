/**
 * bench/peers/configs.ts: Roundhouse with its defaults, and nginx and HAProxy set up for the same job: one worker,
 * keep-alive both ways without a limit, X-Forwarded-* set, no access log, nothing buffered on disk.
 */
import { LOOPBACK } from '../loopback.js';
import { ENDLESS, type NginxParts } from './nginx.js';

export interface ServerSetup {
  readonly port: number;
  /** `host:port` of each backend. */
  readonly backends: readonly string[];
}

/** The default of Roundhouse, per backend and worker. */
const IDLE_UPSTREAM_CONNECTIONS = 1_024;

/**
 * @param top settings beside the listener
 * @param pool settings beside the backends
 */
export function roundhouseConfig({ port, backends }: ServerSetup, top: object, pool: object): string {
  const listeners = [{ address: `${LOOPBACK}:${port}` }];
  const pools = { bench: { backends: backends.map((address) => ({ address })), ...pool } };
  return JSON.stringify({ listeners, admin: 'off', logLevel: 'error', ...top, pools });
}

export function nginxParts({ port, backends }: ServerSetup): NginxParts {
  const servers = backends.map((backend) => `server ${backend};`).join(' ');
  return {
    ...{ port, workers: 1, logs: 'error' },
    http: [
      'client_max_body_size 0;',
      `upstream pool { ${servers} keepalive ${IDLE_UPSTREAM_CONNECTIONS}; keepalive_requests ${ENDLESS}; }`,
    ],
    location: [
      'proxy_pass http://pool;',
      'proxy_max_temp_file_size 0;',
      'proxy_set_header Connection "";',
      'proxy_set_header Host $http_host;',
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'proxy_set_header X-Forwarded-Host $http_host;',
    ],
  };
}

/**
 * `http-reuse always`, because with `safe` the first request of every client connection may open one of its own, which
 * neither nginx nor Roundhouse does.
 */
export function haproxyConfig({ port, backends }: ServerSetup): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 3s
  timeout client 65s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend pool
backend pool
  balance roundrobin
  http-reuse always
${backends.map((backend, index) => `  server backend${index + 1} ${backend} pool-max-conn ${IDLE_UPSTREAM_CONNECTIONS}`).join('\n')}
`;
}
