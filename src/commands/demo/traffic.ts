/** commands/demo/traffic.ts: a little steady traffic through the balancer, as browsers and scripts would send it. */
import { Agent, get, type IncomingMessage } from 'node:http';

const REQUESTS_PER_SECOND = 50;
const TIMEOUT_MS = 5_000;

export interface Tally {
  readonly answered: number;
  readonly failed: number;
  /** Why the last failure failed, in words. */
  readonly lastFailure: string | undefined;
}

export class Traffic {
  readonly #url: string;
  readonly #keepAlive = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #fresh = new Agent({ keepAlive: false });
  readonly #pids = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #answered = 0;
  #failed = 0;
  #lastFailure: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#timer = setInterval(() => this.#send(), 1_000 / REQUESTS_PER_SECOND);
  }

  /** Sends nothing more; what is open is given up and counts as neither answered nor failed. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#keepAlive.destroy();
    this.#fresh.destroy();
  }

  get tally(): Tally {
    return { answered: this.#answered, failed: this.#failed, lastFailure: this.#lastFailure };
  }

  /** The process that last answered as `id`: another one after somebody restarted it by hand. */
  pidOf(id: string): number | undefined {
    return this.#pids.get(id);
  }

  #send(): void {
    // Every fifth request opens a connection of its own.
    const agent = this.#sent++ % 5 === 0 ? this.#fresh : this.#keepAlive;
    const request = get(this.#url, { agent, timeout: TIMEOUT_MS }, (response) => this.#receive(response));
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    request.once('error', (error) => this.#fail(error.message));
  }

  #receive(response: IncomingMessage): void {
    const { 'x-backend': id, 'x-backend-pid': pid } = response.headers;
    if (typeof id === 'string' && typeof pid === 'string') this.#pids.set(id, Number(pid));
    response.once('error', (error) => this.#fail(error.message));
    response.once('end', () => {
      if (response.statusCode === 200) this.#answered++;
      else this.#fail(`status ${response.statusCode}`);
    });
    response.resume();
  }

  #fail(reason: string): void {
    if (this.#timer === undefined) return;
    this.#failed++;
    this.#lastFailure = reason;
  }
}
