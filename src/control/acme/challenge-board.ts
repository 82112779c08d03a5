/**
 * control/acme/challenge-board.ts: the challenges that are open, and which workers answer them. A CA may come to any
 * worker, so it is told to look only when every worker knows.
 */
import { type AcmeChallenges, NO_CHALLENGES } from '../../core/acme.js';
import type { StateReceiver } from '../broadcaster.js';

/** How long workers have to take note, in milliseconds; one that hangs must not hold up a certificate. */
const PATIENCE_MS = 5_000;

interface Receiver {
  readonly to: Pick<StateReceiver, 'id' | 'send'>;
  /** Serial number of the newest challenges that it has acknowledged. */
  known: number;
}

export class ChallengeBoard {
  /** What each order has open. */
  readonly #open = new Map<string, AcmeChallenges>();
  readonly #workers = new Map<number, Receiver>();
  #serial = 0;
  #waiting: { readonly serial: number; readonly done: () => void }[] = [];

  /** A worker is sent all it needs before it listens. */
  welcome(to: Receiver['to']): void {
    this.#workers.set(to.id, { to, known: 0 });
    if (this.#serial > 0) this.#send(to);
  }

  /** A worker may have missed messages. */
  caughtUp(id: number): void {
    const receiver = this.#workers.get(id);
    if (receiver !== undefined && this.#serial > 0) this.#send(receiver.to);
  }

  leave(id: number): void {
    this.#workers.delete(id);
    this.#settle();
  }

  /** A worker answers the challenges of that serial number. */
  known(id: number, serial: number): void {
    const receiver = this.#workers.get(id);
    if (receiver !== undefined) receiver.known = Math.max(receiver.known, serial);
    this.#settle();
  }

  /** Has all workers answer the challenges of an order. @returns resolved when they do, or are too slow */
  async open(order: string, challenges: AcmeChallenges): Promise<void> {
    this.#open.set(order, challenges);
    const serial = this.#publish();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push({ serial, done });
      this.#settle();
    });
  }

  /** The challenges of an order are over. */
  close(order: string): void {
    if (this.#open.delete(order)) this.#publish();
  }

  #publish(): number {
    this.#serial += 1;
    for (const { to } of this.#workers.values()) this.#send(to);
    return this.#serial;
  }

  #send(to: Receiver['to']): void {
    const all = [...this.#open.values()];
    const challenges = all.reduce(
      (sum, { http, tls }) => ({ http: { ...sum.http, ...http }, tls: [...sum.tls, ...tls] }),
      NO_CHALLENGES,
    );
    to.send({ type: 'challenges', serial: this.#serial, challenges });
  }

  #settle(): void {
    const known = Math.min(...[...this.#workers.values()].map((each) => each.known));
    const settled = this.#waiting.filter(({ serial }) => serial <= known);
    this.#waiting = this.#waiting.filter((each) => !settled.includes(each));
    for (const { done } of settled) done();
  }
}
