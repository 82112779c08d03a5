/** bench/peers/nginx.ts: what every configuration of nginx for a bench has in common. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../programs.js';

/** Requests that nginx lets a kept connection carry: more than any bench sends. */
export const ENDLESS = 1_000_000_000;
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export interface NginxParts {
  readonly port: number;
  readonly workers: number;
  /** Least severity of what nginx prints on stderr. */
  readonly logs: 'error' | 'crit';
  /** Lines inside `http`. */
  readonly http: readonly string[];
  /** Lines inside `server`, before its only location. */
  readonly server?: readonly string[];
  /** Lines inside `location /`. */
  readonly location: readonly string[];
}

/**
 * @param folder everything nginx writes goes here; it makes the folders for temporary files itself
 * @param asRoot workers run as root too, because nginx's default user may not enter `folder`
 */
export function nginxConfig(
  { port, workers, logs, http, server = [], location }: NginxParts,
  folder: string,
  asRoot: boolean,
): string {
  return `daemon off;
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log stderr ${logs};
${asRoot ? 'user root;\n' : ''}events { worker_connections 10240; }
http {
  access_log off;
  keepalive_requests ${ENDLESS};
  ${[...TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`), ...http].join('\n  ')}
  server {
    ${[`listen 127.0.0.1:${port} backlog=1024;`, ...server].join('\n    ')}
    location / {
      ${['proxy_http_version 1.1;', ...location].join('\n      ')}
    }
  }
}
`;
}

/** Writes the configuration into `folder`. @returns the command that runs nginx with it */
export function nginxCommand(parts: NginxParts, folder: string): readonly string[] {
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, nginxConfig(parts, folder, process.getuid?.() === 0));
  return [findProgram('nginx') ?? 'nginx', '-e', 'stderr', '-p', folder, '-c', file];
}
