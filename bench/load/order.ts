/** bench/load/order.ts: what the load generator is told, and the process that it runs in. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Child, Children } from '../children.js';
import { type RequestRecord, recordSchema } from './record.js';

export const loadOrderSchema = z.object({
  /** Its host is an IP address. */
  url: z.url(),
  /** Connections that are open before the first request is due, as many browsers would keep theirs. */
  connections: z.int(),
  /** More than that are opened when all wait for an answer, up to this many. */
  mostConnections: z.int(),
  /** What becomes of a request when all connections wait for an answer: it waits for one of them, or fails at once. */
  whenBusy: z.enum(['wait', 'fail']),
  /** Requests per second, one phase after the other. */
  phases: z.array(z.object({ rate: z.number(), forMs: z.number() })),
  /** One request in so many is a POST, and all carry an `X-Id`; 0 sends GETs that are all the same. */
  postEvery: z.int(),
  /** A client that has waited so long, in milliseconds from when its request was due, gives up. */
  patienceMs: z.number(),
  /** The load ends so long after its last phase, whoever still waits. */
  graceMs: z.number(),
  /** How often requests that are due are sent; below 1 ms a thread of its own keeps the time. */
  tickMs: z.number(),
});
export type LoadOrder = z.infer<typeof loadOrderSchema>;

/** One line on the generator's stdin. */
export const commandSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('load'), order: loadOrderSchema }),
  /** Opens connections, asks one request on each and keeps them open. */
  z.object({ do: z.literal('hold'), url: z.url(), connections: z.int() }),
]);
export type GeneratorCommand = z.infer<typeof commandSchema>;

/** One line on its stdout. */
export const reportSchema = z.discriminatedUnion('say', [
  /** The first request of a load is due at this time. */
  z.object({ say: z.literal('begun'), atMs: z.number() }),
  /** The load is over. */
  z.object({ say: z.literal('records'), records: z.array(recordSchema) }),
  /** All connections are held. */
  z.object({ say: z.literal('held') }),
  /** A held connection was closed. */
  z.object({ say: z.literal('lost'), left: z.int() }),
]);
export type GeneratorReport = z.infer<typeof reportSchema>;

const SCRIPT = fileURLToPath(new URL('./generator.js', import.meta.url));
const REPORT_WITHIN_MS = 20_000;

export interface StartedLoad {
  /** When the first request is due. */
  readonly begunMs: number;
  readonly records: Promise<readonly RequestRecord[]>;
}

/** A load generator in a process of its own. */
export class LoadGenerator {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  /** @param backendPorts where the process is to serve as backends too, with bodies of 66 bytes */
  static async start(
    children: Children,
    cores: readonly number[],
    backendPorts: readonly number[] = [],
  ): Promise<LoadGenerator> {
    return new LoadGenerator(await children.start([process.execPath, SCRIPT, ...backendPorts.map(String)], cores));
  }

  /** Begins a load. @throws {Error} when the generator fails; so does the promise of the records */
  async load(order: LoadOrder): Promise<StartedLoad> {
    const lengthMs = order.phases.reduce((sum, { forMs }) => sum + forMs, 0);
    const over = this.#report('records', lengthMs + order.graceMs + REPORT_WITHIN_MS);
    const records = over.then((report) => report.records);
    // A failure is for whoever waits for the records, later or never; unhandled it would end this process.
    records.catch(() => undefined);
    this.#command({ do: 'load', order });
    const { atMs } = await this.#report('begun', REPORT_WITHIN_MS);
    return { begunMs: atMs, records };
  }

  /** @returns once `connections` have had a response and are idle, how many are left when one was lost */
  async hold(url: string, connections: number): Promise<() => number | undefined> {
    let left: number | undefined;
    this.#report('lost', Number.POSITIVE_INFINITY).then(
      (lost) => {
        left = lost.left;
      },
      () => undefined,
    );
    this.#command({ do: 'hold', url, connections });
    await this.#report('held', REPORT_WITHIN_MS);
    return () => left;
  }

  #command(command: GeneratorCommand): void {
    this.child.say(`${JSON.stringify(command)}\n`);
  }

  async #report<S extends GeneratorReport['say']>(
    say: S,
    withinMs: number,
  ): Promise<Extract<GeneratorReport, { say: S }>> {
    const line = await this.child.line((text) => text.startsWith(`{"say":"${say}"`), withinMs);
    const report = reportSchema.parse(JSON.parse(line));
    const isWanted = (each: GeneratorReport): each is Extract<GeneratorReport, { say: S }> => each.say === say;
    if (!isWanted(report)) throw new TypeError(`a report says ${report.say}, not ${say}`);
    return report;
  }
}
