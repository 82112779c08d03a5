/** bench/faults/load-order.ts: what a load generator is told, and how one is started and heard. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Child, Children } from '../children.js';
import { decodeRecords, type RequestRecord } from './record.js';

export const loadOrderSchema = z.object({
  port: z.int(),
  /** Connections that are open before the first request is due, as many browsers would keep theirs. */
  connections: z.int(),
  /** More than that are opened when all wait for an answer, up to this many; requests past it fail. */
  mostConnections: z.int(),
  /** Requests per second, one phase after the other. */
  phases: z.array(z.object({ rate: z.number(), forMs: z.number() })),
  /** One request in so many is a POST. */
  postEvery: z.int(),
  /** A client that has waited so long gives up. */
  patienceMs: z.number(),
});
export type LoadOrder = z.infer<typeof loadOrderSchema>;

/** The line on which a load generator says when its first request is due. */
const begunSchema = z.object({ begunMs: z.number() });

export interface Load {
  readonly child: Child;
  /** When the first request was due. */
  readonly begunMs: number;
  /** @throws {Error} when the generator failed */
  readonly records: () => Promise<readonly RequestRecord[]>;
}

const SCRIPT = fileURLToPath(new URL('./load.js', import.meta.url));

/**
 * Starts a load generator; its first request is due when this returns.
 * @throws {Error} when it ends before that
 */
export async function startLoad(children: Children, order: LoadOrder): Promise<Load> {
  let text = '';
  let onBegun: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    onBegun = resolve;
  });
  const child = await children.start([process.execPath, SCRIPT, JSON.stringify(order)], [], (chunk) => {
    text += chunk;
    if (text.includes('\n')) onBegun?.();
  });
  await Promise.race([begun, child.ended]);
  const firstLine = text.slice(0, text.indexOf('\n'));
  if (firstLine === '') throw new Error(`the load generator ${(await child.ended).description}`);
  const { begunMs } = begunSchema.parse(JSON.parse(firstLine));
  const records = async (): Promise<readonly RequestRecord[]> => {
    const { ok, description } = await child.ended;
    if (!ok) throw new Error(`the load generator ${description}`);
    return decodeRecords(text.slice(firstLine.length));
  };
  return { child, begunMs, records };
}
