/**
 * control/worker-listening.ts: on which sockets each worker listens. A worker has started once it listens on all there
 * were when it was greeted; a socket that is opened later goes to every worker that was greeted before.
 */
import type { StartError } from './errors.js';
import type { ListenSocket } from './listen-socket.js';
import type { WorkerProcess } from './worker-process.js';

/** A worker that does not listen by then never will, in milliseconds. */
const START_WITHIN_MS = 30_000;

/** A worker that has yet to say of some sockets that it listens on them. */
interface Start {
  readonly missing: Set<string>;
  readonly settle: (problem: StartError | undefined) => void;
  readonly settled: Promise<StartError | undefined>;
}

export class WorkerListening {
  readonly #sockets: { readonly all: readonly ListenSocket[] };
  readonly #starts = new Map<WorkerProcess, Start>();
  /** Workers that were told of every socket there was when they said hello. */
  readonly #greeted = new WeakSet<WorkerProcess>();

  constructor(sockets: { readonly all: readonly ListenSocket[] }) {
    this.#sockets = sockets;
  }

  /** @returns settled with why the worker could not listen everywhere, or with nothing once it does */
  begin(worker: WorkerProcess): Promise<StartError | undefined> {
    const addresses = this.#sockets.all.map(({ address }) => address);
    return this.#begin(worker, addresses);
  }

  /** Has a worker that said hello listen on every socket. */
  greet(worker: WorkerProcess): void {
    this.#greeted.add(worker);
    for (const socket of this.#sockets.all) tell(worker, socket);
  }

  /**
   * Has the workers listen on more sockets.
   * @returns settled when every worker listens on them, or is gone: one that cannot is replaced
   */
  async add(sockets: readonly ListenSocket[], workers: ReadonlySet<WorkerProcess>): Promise<void> {
    const told = [...workers].filter((worker) => worker.state !== 'draining' && this.#greeted.has(worker));
    const started = told.flatMap((worker) =>
      sockets.map((socket) => {
        const listening = this.#expect(worker, socket.address);
        tell(worker, socket);
        return listening;
      }),
    );
    await Promise.all(started);
  }

  /** @returns whether this address was the last one missing, and the worker has started now */
  heard(worker: WorkerProcess, address: string): boolean {
    const start = this.#starts.get(worker);
    start?.missing.delete(address);
    if (start === undefined || start.missing.size > 0) return false;
    start.settle(undefined);
    return true;
  }

  /** Does nothing for a worker that has started. */
  fail(worker: WorkerProcess, problem: StartError): void {
    this.#starts.get(worker)?.settle(problem);
  }

  #expect(worker: WorkerProcess, address: string): Promise<StartError | undefined> {
    const start = this.#starts.get(worker);
    if (start === undefined) return this.#begin(worker, [address]);
    start.missing.add(address);
    return start.settled;
  }

  #begin(worker: WorkerProcess, addresses: readonly string[]): Promise<StartError | undefined> {
    let resolve: Start['settle'] = () => {};
    const settled = new Promise<StartError | undefined>((settle) => {
      resolve = settle;
    });
    const tooLate = setTimeout(() => worker.kill('did not listen in time'), START_WITHIN_MS);
    const settle = (problem: StartError | undefined): void => {
      clearTimeout(tooLate);
      this.#starts.delete(worker);
      resolve(problem);
    };
    this.#starts.set(worker, { missing: new Set(addresses), settle, settled });
    return settled;
  }
}

function tell(worker: WorkerProcess, { address, accept, handle }: ListenSocket): void {
  worker.send({ type: 'listen', address, accept }, handle);
}
