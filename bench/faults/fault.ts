/** bench/faults/fault.ts: what a fault is: something done to backends or a proxy under load, and undone again. */
import type { BackendProcess } from './backends.js';
import type { Operations, RunningProduct } from './product.js';

/** What a fault can act on. */
export interface FaultContext {
  readonly backends: readonly BackendProcess[];
  readonly product: RunningProduct;
  /** The last backend, which has the fault when one backend has it. */
  readonly victim: BackendProcess;
  /** Points the victim's name at a spare backend; `undefined` where backends have no names. */
  readonly moveName: (() => Undo) | undefined;
}

export type Undo = () => Promise<void>;

export const NOTHING_TO_UNDO: Undo = async () => undefined;

export interface Fault {
  readonly name: string;
  /** What happens, as a sentence without a full stop. */
  readonly summary: string;
  /** Which backends have the fault. */
  readonly victims: 'none' | 'one' | 'all';
  /** Whether a proxy should send the victims no requests while the fault lasts. */
  readonly shunned: boolean;
  /** Whether Roundhouse promises to serve every request that may be repeated. */
  readonly promised: boolean;
  readonly beforeMs: number;
  readonly faultMs: number;
  readonly afterMs: number;
  /** The operation that a product must offer; one that lacks it is left out. */
  readonly needs?: keyof Operations;
  /** The proxy is given names of backends, which a name server of the run resolves. */
  readonly named?: true;
  /** Replaces the steady request rate. */
  readonly overload?: Overload;
  /** Causes the fault. @returns how it is undone */
  readonly play: (stage: FaultContext) => Promise<Undo>;
}

/** A fault that is nothing but load; `calm` (before and after) and `offered` (during) are multiples of the capacity. */
export interface Overload {
  readonly calm: number;
  readonly offered: number;
  /** What limits the capacity: the backends, whose capacity is known, or the proxy, whose capacity is measured first. */
  readonly bottleneck: 'backends' | 'proxy';
  /** Client connections that are open from the start. */
  readonly connections: number;
  /** Limit of the connections that are opened when all are busy; a request beyond it fails at once. */
  readonly mostConnections: number;
}
