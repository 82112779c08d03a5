/**
 * test/tour/stage.ts: where the tour takes place: a folder of its own, servers to balance between, the command
 * `roundhouse` on the path, and a terminal for the balancer, so that it logs as it does for a person.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** What a reader sees for the address of loopback that the stage has for itself; both are as wide in a table. */
const SHOWN = '127.0.0.1';
/** The servers that are balanced between. */
const SERVERS = [3001, 3002, 3003] as const;

export interface Finished {
  readonly output: string;
  readonly code: number;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'roundhouse-'));
  readonly #host = `127.${digit()}.${digit()}.${digit()}`;
  readonly #servers = new Map<number, Server>();
  #balancer: ChildProcess | undefined;
  #log = '';
  #read = 0;

  private constructor() {
    const command = join(this.folder, 'roundhouse');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    chmodSync(command, 0o755);
  }

  static async set(): Promise<Stage> {
    const stage = new Stage();
    for (const port of SERVERS) await stage.#serve(port);
    return stage;
  }

  /** Runs what a person types. */
  async run(command: string): Promise<Finished> {
    const child = spawn('bash', ['-c', this.#real(command)], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const [code] = await once(child, 'close');
    return { output: this.#shown(output), code };
  }

  /** Starts the balancer behind a terminal (script(1)), in the background as `&` would. */
  startBalancer(command: string): void {
    this.#balancer = spawn('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], {
      cwd: this.folder,
      env: { ...this.#environment, TERM: 'dumb' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#balancer.stdout?.on('data', (chunk) => (this.#log += String(chunk).replaceAll('\r', '')));
  }

  /** @returns what the balancer has logged since the last call, as soon as a line of it matches */
  async logged(matches: RegExp): Promise<string> {
    const news = (): string => this.#log.slice(this.#read);
    await eventually(
      () => `the balancer logs ${matches}; it logged "${news()}"`,
      () =>
        news()
          .split('\n')
          .slice(0, -1)
          .some((line) => matches.test(this.#shown(line))),
    );
    const said = news();
    this.#read += said.length;
    return this.#shown(said);
  }

  /** Sends it to the balancer itself, as the shell that has started it would. */
  signal(name: string): Finished {
    const terminal = this.#balancer?.pid ?? 0;
    const [pid = 0] = readFileSync(`/proc/${terminal}/task/${terminal}/children`, 'utf8').split(' ').map(Number);
    process.kill(pid, `SIG${name}`);
    return { output: '', code: 0 };
  }

  /** Ends one of the servers, with all its connections. */
  kill(port: number): void {
    const server = this.#servers.get(port);
    server?.close();
    server?.closeAllConnections();
  }

  /** @returns how the balancer ended */
  async ended(): Promise<number> {
    const child = this.#balancer;
    if (child === undefined) return 0;
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    return code;
  }

  strike(): void {
    this.#balancer?.kill('SIGKILL');
    for (const port of this.#servers.keys()) this.kill(port);
    rmSync(this.folder, { recursive: true });
  }

  async #serve(port: number): Promise<void> {
    const server = createServer((request, response) =>
      response.end(request.url === '/health' ? 'ok' : `hello from ${port}\n`),
    );
    server.listen(port, this.#host);
    await once(server, 'listening');
    this.#servers.set(port, server);
  }

  get #environment(): NodeJS.ProcessEnv {
    const { PATH = '', HOME, LANG } = process.env;
    return { PATH: `${this.folder}${delimiter}${PATH}`, HOME, LANG, ROUNDHOUSE_ADMIN: `${this.#host}:9901` };
  }

  #real(text: string): string {
    return text.replaceAll(SHOWN, this.#host);
  }

  #shown(text: string): string {
    return text.replaceAll(this.#host, SHOWN).replaceAll(this.folder, '~');
  }
}

function digit(): number {
  return 1 + Math.floor(Math.random() * 9);
}
