/** control/listen-sockets.ts: the sockets that clients connect to, each with the listener that it was opened for. */
import type { ListenerChange } from '../config/listener-changes.js';
import { type ListenerConfig, SOCKET_FILE_MODE } from '../config/listeners.js';
import type { Accept } from './accept.js';
import { type ListenSocket, openListenSocket } from './listen-socket.js';

/** A listener that listens. */
export interface OpenListener {
  /** Its name and settings as they are now; in `address` the port may be 0. */
  readonly config: ListenerConfig;
  readonly socket: ListenSocket;
}

export class ListenSockets {
  #open: readonly OpenListener[] = [];

  /** In the order of the configuration; those that a reload has added come last. */
  get all(): readonly OpenListener[] {
    return this.#open;
  }

  /** Where the listeners really listen, port 0 resolved. */
  get addresses(): readonly string[] {
    return this.#open.map(({ socket }) => socket.address);
  }

  /**
   * Opens a socket for every listener, or none. They are not among {@link all} before {@link add}.
   * @throws {StartError} when one cannot be listened on
   */
  static async open(listeners: readonly ListenerConfig[], accept: Accept): Promise<readonly OpenListener[]> {
    const opened: OpenListener[] = [];
    try {
      for (const config of listeners) {
        opened.push({ config, socket: await openListenSocket(config.address, accept, config.mode) });
      }
    } catch (error) {
      for (const { socket } of opened) socket.close();
      throw error;
    }
    return opened;
  }

  add(listeners: readonly OpenListener[]): void {
    this.#open = [...this.#open, ...listeners];
  }

  /** Gives listeners other settings, or another name; their sockets stay. */
  change(changes: readonly ListenerChange[]): void {
    const byName = new Map(changes.map(({ before, after }) => [before.name, after]));
    for (const { config, socket } of this.#open) {
      const { mode } = byName.get(config.name) ?? config;
      if (mode !== config.mode) socket.setMode(mode ?? SOCKET_FILE_MODE);
    }
    this.#open = this.#open.map(({ config, socket }) => ({ config: byName.get(config.name) ?? config, socket }));
  }

  /** @returns the listener of that name, its socket closed; `undefined` when there is none */
  remove(name: string): OpenListener | undefined {
    const found = this.#open.find(({ config }) => config.name === name);
    if (found === undefined) return undefined;
    this.#open = this.#open.filter((each) => each !== found);
    found.socket.close();
    return found;
  }

  /** Closes every socket; they stay listed, for whoever asks where the balancer listened. Idempotent. */
  close(): void {
    for (const { socket } of this.#open) socket.close();
  }
}
