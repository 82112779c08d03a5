/**
 * bench/peers/configs.ts: Roundhouse with its defaults, and nginx and HAProxy set up for the same job: one worker,
 * keep-alive both ways without a limit, X-Forwarded-* set, no access log, nothing buffered on disk.
 */
import { LOOPBACK } from '../loopback.js';

export interface ServerSetup {
  readonly port: number;
  /** `host:port` of each backend. */
  readonly backends: readonly string[];
}

/** The default of Roundhouse, per backend and worker. */
const IDLE_UPSTREAM_CONNECTIONS = 1_024;
const ENDLESS = 1_000_000_000;

/**
 * @param top settings beside the listener
 * @param pool settings beside the backends
 */
export function roundhouseConfig({ port, backends }: ServerSetup, top: object, pool: object): string {
  const listeners = [{ address: `${LOOPBACK}:${port}` }];
  const pools = { bench: { backends: backends.map((address) => ({ address })), ...pool } };
  return JSON.stringify({ listeners, admin: 'off', logLevel: 'error', ...top, pools });
}

/**
 * @param folder everything nginx writes goes here
 * @param asRoot workers run as root too, because nginx's default user may not enter `folder`
 */
export function nginxConfig({ port, backends }: ServerSetup, folder: string, asRoot: boolean): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
${asRoot ? 'user root;\n' : ''}events { worker_connections 10240; }
http {
  access_log off;
  keepalive_requests ${ENDLESS};
  client_max_body_size 0;
  ${temporaryPaths(folder).join('\n  ')}
  upstream pool {
${backends.map((backend) => `    server ${backend};`).join('\n')}
    keepalive ${IDLE_UPSTREAM_CONNECTIONS};
    keepalive_requests ${ENDLESS};
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://pool;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }
  }
}
`;
}

/** @returns directives that put nginx's temporary files below `folder`; nginx makes all of these folders at its start */
export function temporaryPaths(folder: string): string[] {
  const names = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return names.map((name) => `${name}_temp_path ${folder}/${name};`);
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
