/** What the tests of a whole balancer share: the programs it runs, and a client of its fixture worker. */
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/schema.js';
import { type BalancerView, type Programs, type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { eventually } from '../support/eventually.js';
import { type LogBook, onClose } from './support.js';

export const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const PROGRAMS: Programs = {
  worker: fileAt('./fixtures/worker.js'),
  probe: fileAt('../../workers/tasks/probe.js'),
  hashTable: fileAt('../../workers/tasks/hash-table.js'),
};

/** A client of the fixture worker: the first line it gets names the worker's pid, then it gives commands. */
export class Client {
  readonly socket: net.Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(address: string) {
    const [host = '', port] = address.split(':');
    this.socket = net.connect({ host, port: Number(port) });
    this.socket.on('error', () => {});
    onClose(() => this.socket.destroy());
    this.#lines = linesOf(this.socket);
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('The connection ended');
    return value;
  }

  async pid(): Promise<number> {
    return Number((await this.line()).replace('pid ', ''));
  }

  command(text: string): Promise<string> {
    this.socket.write(text);
    return this.line();
  }
}

async function* linesOf(socket: net.Socket): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of socket) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Starts a balancer with the fixture worker; it is killed, and its workers gone, when the test is over. */
export async function startUnderTest(config: Config, log: LogBook): Promise<RunningBalancer> {
  const balancer = await startBalancer(config, log.logger, { programs: PROGRAMS });
  onClose(async () => {
    balancer.kill();
    await until(balancer, ({ workers }) => workers.length === 0);
  });
  return balancer;
}

/** Waits until the balancer's view looks like that. */
export async function until(balancer: RunningBalancer, holds: (view: BalancerView) => boolean): Promise<BalancerView> {
  let view = balancer.view();
  await eventually(
    () => `the view looks as it should: ${JSON.stringify(view)}`,
    () => {
      view = balancer.view();
      return holds(view);
    },
  );
  return view;
}
