/**
 * workers/inbox.ts: the primary's messages to a running worker. They take effect in their order, also where one of them
 * takes many turns of the event loop, as a configuration of ten thousand routes does: the others wait for it.
 */
import type { Steps } from '../src/core/steps.js';
import type { ToWorker } from '../src/messages.js';

/** What a worker is told once it was started. */
export type Told = Exclude<ToWorker, { type: 'start' }>;

/** A message, and the bound socket that came with it, if any. */
interface Delivery {
  readonly message: Told;
  readonly handle: unknown;
}

/** With more messages waiting than this, all is done at once: they would fill memory. */
const MOST_WAITING = 1_024;

export class Inbox {
  /** Does what a message says. @returns what is left of that, for further turns */
  private readonly act: (message: Told, handle: unknown) => Steps<void> | undefined;
  /** Messages that wait for their turn. */
  private waiting: Delivery[] = [];
  private steps: Steps<void> | undefined;
  /** The next turn of a worker that has not done yet what it was told. */
  private turn: NodeJS.Immediate | undefined;

  constructor(act: (message: Told, handle: unknown) => Steps<void> | undefined) {
    this.act = act;
  }

  /** Takes a message, and does what it says at once if that is its turn. */
  receive(message: Told, handle: unknown): void {
    if (this.turn === undefined || isUrgent(message)) return this.begin(message, handle);
    this.waiting.push({ message, handle });
    if (this.waiting.length > MOST_WAITING) this.finish();
  }

  /** Forgets whatever is not done yet. */
  stop(): void {
    clearImmediate(this.turn);
    this.turn = undefined;
    this.steps = undefined;
    this.waiting = [];
  }

  private begin(message: Told, handle: unknown): void {
    const steps = this.act(message, handle);
    if (steps === undefined) return;
    this.steps = steps;
    this.advance();
  }

  /** Goes on with what was begun, or begins with the next message: one in each turn, since each may be large. */
  private advance(): void {
    this.turn = undefined;
    if (this.steps !== undefined && this.steps.next().done === true) this.steps = undefined;
    else if (this.steps === undefined) this.beginNext();
    if (this.steps !== undefined || this.waiting.length > 0) this.turn ??= setImmediate(() => this.advance());
  }

  /** Does everything at once. */
  private finish(): void {
    while (this.turn !== undefined) {
      clearImmediate(this.turn);
      this.advance();
    }
  }

  private beginNext(): void {
    const next = this.waiting.shift();
    if (next !== undefined) this.begin(next.message, next.handle);
  }
}

/** Whether a message need not wait: requests wait for it, or the worker is to stop. It says nothing of routes or pools. */
function isUrgent({ type }: Told): boolean {
  return type === 'lend' || type === 'permits' || type === 'drain';
}
