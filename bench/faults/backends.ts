/**
 * bench/faults/backends.ts: the backends of one run, each a process of its own that can be told how to behave,
 * killed, stopped and started again where it was.
 */
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Child, Children } from '../children.js';
import { freePorts } from '../loopback.js';
import type { Mode } from './backend-modes.js';

const SCRIPT = fileURLToPath(new URL('./backend.js', import.meta.url));
const READY_WITHIN_MS = 5_000;

export class BackendProcess {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Ids of the POSTs that the backend has received. */
  readonly posts: string[] = [];
  readonly #children: Children;
  readonly #slots: number;
  #child: Child | undefined;

  constructor(children: Children, name: string, host: string, port: number, slots: number) {
    this.#children = children;
    this.name = name;
    this.host = host;
    this.port = port;
    this.#slots = slots;
  }

  /** `host:port` */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Starts the process, or starts it again. @throws {Error} when it does not listen within 5 s */
  async start(): Promise<void> {
    const command = [process.execPath, SCRIPT, this.host, String(this.port), this.name, String(this.#slots)];
    this.#child = await this.#children.start(command, [], (line) => {
      if (line.startsWith('post ')) this.posts.push(line.slice('post '.length));
    });
    await this.#ready();
  }

  /** Switches the backend to `mode`. @throws {Error} when it does not confirm that within 5 s */
  async tell(mode: Mode): Promise<void> {
    this.#child?.say(`${JSON.stringify(mode)}\n`);
    await this.#ready();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.signal(name);
  }

  async #ready(): Promise<void> {
    await this.#child?.line((line) => line === 'ready', READY_WITHIN_MS);
  }
}

/**
 * Backends that share a port on addresses of their own. No client of this machine gets its own address there, so
 * the port of a backend that is down stays free for it, and no connection to it can be connected to itself.
 * @throws {Error} where the system does not answer on all of 127.0.0.0/8, or one does not start
 */
export async function startBackendProcesses(
  children: Children,
  slots: number,
  count: number,
): Promise<readonly BackendProcess[]> {
  const [port = 0] = await freePorts(1);
  const net = `127.${randomInt(1, 255)}.${randomInt(255)}`;
  const backends = Array.from({ length: count }, (_, index) => {
    return new BackendProcess(children, `b${index + 1}`, `${net}.${index + 1}`, port, slots);
  });
  await Promise.all(backends.map((backend) => backend.start()));
  return backends;
}
