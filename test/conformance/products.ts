/**
 * test/conformance/products.ts: the proxies that can be judged: ours as it is built, and nginx and HAProxy as their
 * manuals set them up for the same job: one worker, HTTP/1.1 only, keep-alive both ways, WebSocket allowed, no access
 * log.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Children } from '../../bench/children.js';
import { freePorts, LOOPBACK, untilServing } from '../../bench/loopback.js';
import { type NginxParts, nginxCommand } from '../../bench/peers/nginx.js';
import { findProgram, programVersion } from '../../bench/programs.js';
import { endPrograms, start } from '../cli/run-cli.js';

export interface Product {
  /** With its version. */
  readonly name: string;
  readonly port: number;
}

/** What a run has started; {@link stop} ends it all. */
export class Products {
  readonly #children = new Children();

  /** Starts the built command with one worker in front of `backendPort`. */
  async roundhouse(backendPort: number): Promise<Product> {
    const config = join(this.#children.temporaryFolder(), 'roundhouse.json');
    writeFileSync(config, JSON.stringify(roundhouseConfig(backendPort)));
    // The suite is also run in the other read mode, which is not one of the variables that a test is kept from.
    const program = start('src/cli.js', ['--config', config], {
      ROUNDHOUSE_READ_MODE: process.env['ROUNDHOUSE_READ_MODE'],
    });
    const line = await program.line('stderr', (text) => text.includes('"message":"listening"'));
    const port = /"addresses":\["[^"]*:(\d+)"/.exec(line)?.[1];
    if (port === undefined) throw new Error(`Roundhouse does not say where it listens: ${line}`);
    return { name: 'Roundhouse', port: Number(port) };
  }

  /** @throws {Error} when nginx is not installed or does not start */
  async nginx(backendPort: number): Promise<Product> {
    const program = programNamed('nginx');
    const [port = 0] = await freePorts(1);
    const command = nginxCommand(nginxParts(port, backendPort), this.#children.temporaryFolder());
    return this.#serving(`nginx ${programVersion(program, '-v')}`, port, command);
  }

  /** @throws {Error} when HAProxy is not installed or does not start */
  async haproxy(backendPort: number): Promise<Product> {
    const program = programNamed('haproxy');
    const [port = 0] = await freePorts(1);
    const config = join(this.#children.temporaryFolder(), 'haproxy.cfg');
    writeFileSync(config, haproxyConfig(port, backendPort));
    return this.#serving(`HAProxy ${programVersion(program, '-v')}`, port, [program, '-db', '-q', '-f', config]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#children.stop(), endPrograms()]);
  }

  async #serving(name: string, port: number, command: readonly string[]): Promise<Product> {
    const child = await this.#children.start(command);
    await untilServing(`http://${LOOPBACK}:${port}/`, child);
    return { name, port };
  }
}

function roundhouseConfig(backendPort: number) {
  return {
    ...{ workers: 1, admin: 'off' },
    listeners: [{ address: `${LOOPBACK}:0`, protocols: ['http/1.1'] }],
    pools: { default: { backends: [{ address: `${LOOPBACK}:${backendPort}` }] } },
  };
}

function programNamed(name: string): string {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is not installed`);
  return program;
}

/** With the Upgrade and Connection lines of nginx's own page on WebSocket proxying. */
function nginxParts(port: number, backendPort: number): NginxParts {
  return {
    ...{ port, workers: 1, logs: 'crit' },
    http: [
      'client_max_body_size 0;',
      "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
      `upstream pool { server ${LOOPBACK}:${backendPort}; keepalive 32; }`,
    ],
    server: ['server_name site.test;'],
    location: [
      'proxy_pass http://pool;',
      'proxy_set_header Host $host;',
      'proxy_set_header Upgrade $http_upgrade;',
      'proxy_set_header Connection $connection_upgrade;',
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'proxy_set_header X-Forwarded-Host $host;',
    ],
  };
}

function haproxyConfig(port: number, backendPort: number): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
frontend clients
  bind ${LOOPBACK}:${port}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend pool
backend pool
  server backend ${LOOPBACK}:${backendPort}
`;
}
