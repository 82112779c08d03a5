/**
 * control/acme/ca-connection.ts: how `acme-client` speaks HTTPS with a CA. The client's own way has no time limit, no
 * bound of an answer and no trust of its own for each CA, and loses the cause of a failed connection.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent, type RequestOptions, request } from 'node:https';
import type { axios } from 'acme-client';

/** Time for one request to the CA, in milliseconds. */
const REQUEST_MS = 30_000;
/** Largest answer of a CA: a certificate with its chain has a few KiB. */
const MOST_BYTES = 1_048_576;
const SERVER_ERROR = 500;
const TOO_MANY_REQUESTS = 429;

type Axios = typeof axios;
type Adapter = Extract<Axios['defaults']['adapter'], (...given: never[]) => unknown>;
type AxiosRequest = Parameters<Adapter>[0];

/** The connection to the CA that requests are made on, and what has become of them. */
export class CaConnection {
  readonly #agent: Agent;
  readonly #signal: AbortSignal;
  /** Why the CA cannot be reached, or is out of order; `undefined` while it answers. */
  trouble: string | undefined;
  /** How long the CA wants to be left alone, in milliseconds, where it says so. */
  retryAfterMs: number | undefined;

  /** @param ca what the CA's certificate is verified by, in PEM; by default what Node trusts */
  constructor(ca: string | undefined, signal: AbortSignal) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ...(ca === undefined ? {} : { ca }) });
    this.#signal = signal;
  }

  /** Runs `work`, whose requests are made on this connection, and closes it. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await current.run(this, work);
    } finally {
      this.#agent.destroy();
    }
  }

  async ask({ url = '', method = 'get', headers, data }: AxiosRequest) {
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(REQUEST_MS)]);
    try {
      const options = { agent: this.#agent, method: method.toUpperCase(), headers: sent, signal };
      const answer = await exchange(url, options, typeof data === 'string' ? data : '');
      this.trouble = answer.status >= SERVER_ERROR ? `the CA answers ${answer.status}` : undefined;
      if (answer.status >= SERVER_ERROR || answer.status === TOO_MANY_REQUESTS) this.#heed(answer.headers);
      return answer;
    } catch (error) {
      this.trouble = `the CA at ${new URL(url).host} cannot be reached: ${causeOf(error)}`;
      throw error;
    }
  }

  #heed(headers: Readonly<Record<string, string>>): void {
    const given = headers['retry-after'] ?? '';
    const ms = /^\d{1,6}$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
    if (ms > 0) this.retryAfterMs = ms;
  }
}

const current = new AsyncLocalStorage<CaConnection>();

/** Has all requests of `acme-client` be made on the connection that is used when they are made. */
export function connectBy(client: Axios): void {
  const adapter: Adapter = async (config) => {
    const connection = current.getStore();
    if (connection === undefined) throw new TypeError('No connection to a CA is in use');
    return { ...(await connection.ask(config)), config };
  };
  client.defaults.adapter = adapter;
  // Whether to ask again is decided here, by the pause between two orders.
  Reflect.set(client.defaults, 'acmeSettings', { retryMaxAttempts: 0, retryDefaultDelay: 1 });
}

interface CaAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Record<string, string>;
  readonly data: string;
}

function exchange(url: string, options: RequestOptions, body: string): Promise<CaAnswer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, options, (response) => {
      let data = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('data', (text: string) => {
        data += text;
        if (data.length > MOST_BYTES) response.destroy(new Error('its answer is larger than 1 MiB'));
      });
      response.on('end', () => {
        const { statusCode: status = 0, statusMessage: statusText = '', headers } = response;
        const fields = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
        resolve({ status, statusText, headers: Object.fromEntries(fields), data });
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'it does not answer in time';
  // Where all addresses of a name fail, the error has no message of its own.
  const { message } = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return message;
}
