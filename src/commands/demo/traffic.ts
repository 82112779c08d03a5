/** commands/demo/traffic.ts: sends steady traffic through the balancer, on kept and on new connections. */
import * as http from 'node:http';
import * as https from 'node:https';

const REQUESTS_PER_SECOND = 50;
const TIMEOUT_MS = 5_000;

/** The results of the requests so far. */
export interface TrafficCounts {
  readonly answered: number;
  readonly failed: number;
  /** Cause of the last failure, in words. */
  readonly lastFailure: string | undefined;
}

export class Traffic {
  readonly #url: string;
  readonly #keepAlive: http.Agent;
  readonly #fresh: http.Agent;
  readonly #get: typeof http.get;
  readonly #pids = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #answered = 0;
  #failed = 0;
  #lastFailure: string | undefined;

  constructor(url: string) {
    const isSecure = url.startsWith('https:');
    const agent = (options: http.AgentOptions): http.Agent =>
      // Nobody else has signed the certificate of a demo.
      isSecure ? new https.Agent({ ...options, rejectUnauthorized: false }) : new http.Agent(options);
    this.#url = url;
    this.#keepAlive = agent({ keepAlive: true, maxSockets: 8 });
    this.#fresh = agent({ keepAlive: false });
    this.#get = isSecure ? https.get : http.get;
  }

  start(): void {
    this.#timer = setInterval(() => this.#send(), 1_000 / REQUESTS_PER_SECOND);
  }

  /** Stops sending; open requests are aborted and count neither as answered nor as failed. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#keepAlive.destroy();
    this.#fresh.destroy();
  }

  get counts(): TrafficCounts {
    return { answered: this.#answered, failed: this.#failed, lastFailure: this.#lastFailure };
  }

  /** @returns id of the process that last answered as backend `id`; it changes if the backend is restarted by hand */
  pidOf(id: string): number | undefined {
    return this.#pids.get(id);
  }

  #send(): void {
    // Every fifth request opens a new connection.
    const agent = this.#sent++ % 5 === 0 ? this.#fresh : this.#keepAlive;
    const request = this.#get(this.#url, { agent, timeout: TIMEOUT_MS }, (response) => this.#receive(response));
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    request.once('error', (error) => this.#fail(error.message));
  }

  #receive(response: http.IncomingMessage): void {
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
