/** test/support/load.ts: clients that never pause, for tests of what nobody may notice. */
import { Agent, get } from 'node:http';

export interface Load {
  /** Settles when so many more requests have been answered. */
  more(count: number): Promise<void>;
  /** @returns how often each answer came, or each failure */
  stop(): Promise<ReadonlyMap<string, number>>;
}

/** Eight clients that ask one request after the other, of each URL in turn, on connections that stay open. */
export function startLoad(...urls: readonly string[]): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const seen = new Map<string, number>();
  let total = 0;
  let stopped = false;
  const waiting = new Set<() => void>();
  const client = async (): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const answer = await ask(urls[turn % urls.length] ?? '', agent);
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
      total += 1;
      for (const look of waiting) look();
    }
  };
  const clients = Array.from({ length: 8 }, client);
  return {
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
      stopped = true;
      await Promise.all(clients);
      agent.destroy();
      return seen;
    },
  };
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve(error.message);
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', failed).on('end', () => resolve(`${response.statusCode} ${text}`));
    }).on('error', failed);
  });
}
