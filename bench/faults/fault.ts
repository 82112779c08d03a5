/** bench/faults/fault.ts: what a fault is: something done to a stage under load, and undone again. */
import type { BackendProcess } from './backends.js';
import type { Operations, RunningProduct } from './product.js';

/** What a fault can get at. */
export interface Stage {
  readonly backends: readonly BackendProcess[];
  readonly product: RunningProduct;
  /** The last backend; a fault of one backend is always its. */
  readonly victim: BackendProcess;
  /** Has the victim's name stand for a backend that had none; `undefined` where backends have no names. */
  readonly moveName: (() => Undo) | undefined;
}

export type Undo = () => Promise<void>;

export const NOTHING_TO_UNDO: Undo = async () => undefined;

export interface Fault {
  readonly name: string;
  /** What happens, as a sentence without its end. */
  readonly summary: string;
  /** Which backends have the fault. */
  readonly victims: 'none' | 'one' | 'all';
  /** No request should be answered by a victim while the fault lasts. */
  readonly shunned: boolean;
  /** A proxy can serve every request that may be repeated; Roundhouse promises to. */
  readonly promised: boolean;
  readonly beforeMs: number;
  readonly faultMs: number;
  readonly afterMs: number;
  /** What it takes of a product; one that lacks it is left out. */
  readonly needs?: keyof Operations;
  /** The proxy knows its backends by names, which a name server of the run resolves. */
  readonly named?: true;
  /** Instead of a steady rate. */
  readonly overload?: Overload;
  /** Does it. @returns how it is undone */
  readonly play: (stage: Stage) => Promise<Undo>;
}

/** A fault that is nothing but load: before, during and after it, as shares of what can be served at most. */
export interface Overload {
  readonly calm: number;
  readonly offered: number;
  /** What cannot serve more: the backends, whose capacity is known, or the proxy itself, whose is measured first. */
  readonly bottleneck: 'backends' | 'proxy';
  /** Client connections that are open from the start. */
  readonly connections: number;
  /** A client that finds none of them idle opens another while there are fewer, and otherwise goes without an answer. */
  readonly mostConnections: number;
}
