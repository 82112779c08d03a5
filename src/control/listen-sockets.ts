/** control/listen-sockets.ts: all the sockets that clients connect to, each under the address it was configured with. */
import type { Accept } from './accept.js';
import { type ListenSocket, openListenSocket } from './listen-socket.js';

interface Entry {
  /** As configured: its port may be 0. */
  readonly configured: string;
  readonly socket: ListenSocket;
}

export class ListenSockets {
  #entries: readonly Entry[] = [];

  get all(): readonly ListenSocket[] {
    return this.#entries.map(({ socket }) => socket);
  }

  /**
   * Opens them all, or none. They are not among {@link all} before {@link add}.
   * @throws {StartError} when one cannot be listened on
   */
  static async open(addresses: readonly string[], accept: Accept): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    try {
      for (const configured of addresses) {
        entries.push({ configured, socket: await openListenSocket(configured, accept) });
      }
    } catch (error) {
      for (const { socket } of entries) socket.close();
      throw error;
    }
    return entries;
  }

  add(entries: readonly Entry[]): void {
    this.#entries = [...this.#entries, ...entries];
  }

  /** @returns the socket, closed, that was configured with that address; `undefined` when there is none */
  remove(configured: string): ListenSocket | undefined {
    const entry = this.#entries.find((each) => each.configured === configured);
    if (entry === undefined) return undefined;
    this.#entries = this.#entries.filter((each) => each !== entry);
    entry.socket.close();
    return entry.socket;
  }

  /** They stay listed, for whoever asks where it was. Idempotent. */
  close(): void {
    for (const { socket } of this.#entries) socket.close();
  }
}
