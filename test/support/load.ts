/** test/support/load.ts: clients that send requests without a pause, for tests of changes they must not notice. */
import { Client, getRequest } from '../../bench/http/client.js';

const CLIENTS = 8;

export interface Load {
  /** Requests that were answered with 200. */
  readonly answered: number;
  /** What became of all others: status and body, or what broke the connection. */
  readonly failures: readonly string[];
  /** Settles when `count` more requests have ended. */
  more(count: number): Promise<void>;
  /** Stops the clients. @returns how often each outcome was seen: `STATUS BODY`, or the message of an error */
  stop(): Promise<ReadonlyMap<string, number>>;
}

/** Starts eight clients; each sends one request after the other, to the URLs in turn, on connections that are kept. */
export function startLoad(...urls: readonly string[]): Load {
  const seen = new Map<string, number>();
  const failures: string[] = [];
  let [total, isStopped] = [0, false];
  const waiting = new Set<() => void>();
  const client = async (): Promise<void> => {
    const connection = new LoadConnection();
    for (let turn = 0; !isStopped; turn++) {
      const answer = await connection.ask(new URL(urls[turn % urls.length] ?? ''));
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
      if (!answer.startsWith('200 ')) failures.push(answer);
      total += 1;
      for (const look of waiting) look();
    }
    connection.close();
  };
  const clients = Array.from({ length: CLIENTS }, client);
  return {
    failures,
    get answered() {
      return total - failures.length;
    },
    more: (count) =>
      new Promise((resolve) => {
        const enough = total + count;
        const look = (): void => {
          if (total < enough) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      }),
    async stop() {
      isStopped = true;
      await Promise.all(clients);
      return seen;
    },
  };
}

/** A client of one server, which connects again whenever its connection has ended. */
class LoadConnection {
  #client: Client | undefined;
  #onAnswer: (answer: string) => void = () => undefined;

  /** @returns status and body, or what broke the connection */
  ask(url: URL): Promise<string> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      this.#client ??= new Client(url.hostname, Number(url.port), {
        onEnded: ({ message, failure }, ending) =>
          this.#onAnswer(ending === 'complete' ? `${message?.status} ${message?.body}` : failure),
        onGone: () => {
          this.#client = undefined;
        },
      });
      this.#client.ask(getRequest(url));
    });
  }

  close(): void {
    this.#client?.close();
  }
}
