/**
 * control/worker-listening.ts: on which sockets each worker listens. A worker has started once it listens on all there
 * were when it was greeted; a socket that is opened later goes to every worker that was greeted before.
 */
import type { StartError } from './errors.js';
import type { ListenSocket } from './listen-socket.js';
import type { OpenListener } from './listen-sockets.js';
import type { WorkerProcess } from './worker-process.js';

/** Time in which a worker has to listen, in milliseconds; one that does not by then never will. */
const START_WITHIN_MS = 30_000;

/** The start of a worker, which ends once it accepts on every listener. */
interface Start {
  /** The listeners that the worker does not accept on yet: the addresses of their sockets, by name. */
  readonly missing: Map<string, string>;
  readonly settle: (problem: StartError | undefined) => void;
  readonly settled: Promise<StartError | undefined>;
}

export class WorkerListening {
  readonly #sockets: { readonly all: readonly OpenListener[] };
  readonly #starts = new Map<WorkerProcess, Start>();
  /** The sockets that each worker was told of: one that has said hello, of all that there were. */
  readonly #told = new WeakMap<WorkerProcess, Set<ListenSocket>>();

  constructor(sockets: { readonly all: readonly OpenListener[] }) {
    this.#sockets = sockets;
  }

  /** @returns settled with why the worker could not listen everywhere, or with nothing once it does */
  begin(worker: WorkerProcess): Promise<StartError | undefined> {
    return this.#begin(worker, this.#sockets.all);
  }

  /** Has a worker that said hello listen on every socket. */
  greet(worker: WorkerProcess): void {
    const told = new Set<ListenSocket>();
    this.#told.set(worker, told);
    for (const listener of this.#sockets.all) tell(worker, listener, told);
  }

  /**
   * Has the workers accept on more listeners.
   * @returns settled when every worker listens on them, or is gone: one that cannot is replaced
   */
  async add(listeners: readonly OpenListener[], workers: ReadonlySet<WorkerProcess>): Promise<void> {
    const started = [...workers].flatMap((worker) => {
      const told = this.#told.get(worker);
      if (worker.state === 'draining' || told === undefined) return [];
      return listeners.map((listener) => {
        // A worker that has said hello since the socket was opened was told of it then.
        if (told.has(listener.socket)) return this.#starts.get(worker)?.settled;
        const listening = this.#expect(worker, listener);
        tell(worker, listener, told);
        return listening;
      });
    });
    await Promise.all(started);
  }

  /**
   * @param address where the worker accepts: a listener may have got another socket under its name meanwhile
   * @returns whether this listener was the last one missing, and the worker has started now
   */
  heard(worker: WorkerProcess, name: string, address: string): boolean {
    const start = this.#starts.get(worker);
    if (start?.missing.get(name) === address) start.missing.delete(name);
    if (start === undefined || start.missing.size > 0) return false;
    start.settle(undefined);
    return true;
  }

  /** Does nothing for a worker that has started. */
  fail(worker: WorkerProcess, problem: StartError): void {
    this.#starts.get(worker)?.settle(problem);
  }

  #expect(worker: WorkerProcess, listener: OpenListener): Promise<StartError | undefined> {
    const start = this.#starts.get(worker);
    if (start === undefined) return this.#begin(worker, [listener]);
    start.missing.set(listener.config.name, listener.socket.address);
    return start.settled;
  }

  #begin(worker: WorkerProcess, listeners: readonly OpenListener[]): Promise<StartError | undefined> {
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
    const missing = new Map(listeners.map(({ config, socket }) => [config.name, socket.address]));
    this.#starts.set(worker, { missing, settle, settled });
    return settled;
  }
}

function tell(worker: WorkerProcess, { config, socket }: OpenListener, told: Set<ListenSocket>): void {
  const { address, accept, handle } = socket;
  told.add(socket);
  worker.send({ type: 'listen', listener: config, address, accept }, handle);
}
