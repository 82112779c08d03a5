/** bench/faults/client-connection.ts: one client's connection, which asks one thing at a time and notes how it went. */
import { connect, type Socket } from 'node:net';
import { LOOPBACK } from '../loopback.js';
import { machineMs } from './clock.js';
import type { LoadOrder } from './load-order.js';
import type { Ending, RequestRecord } from './record.js';
import { ResponseReader } from './response-reader.js';

const POST_BODY = 'x'.repeat(256);

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly dueMs: number;
  /** What a backend that receives it knows it by. */
  readonly id: number;
}

export interface ConnectionOwner {
  /** A request has ended; called once for each. */
  readonly onRecord: (record: RequestRecord) => void;
  /** Ready for the next request. */
  readonly onIdle: () => void;
  readonly onGone: () => void;
}

/** What has come of the answer to `request` so far. */
interface Exchange {
  readonly request: Request;
  readonly response: ResponseReader;
  readonly patience: NodeJS.Timeout;
  firstByteMs: number | null;
}

export class ClientConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #patienceMs: number;
  #exchange: Exchange | undefined;
  #gone = false;

  constructor({ port, patienceMs }: LoadOrder, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#patienceMs = patienceMs;
    this.#socket = connect({ host: LOOPBACK, port, noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', () => this.#leave());
    this.#socket.on('close', () => this.#leave());
  }

  /** Sends `request` at once; what it waits for until then, if anything, is its connection being opened. */
  ask(request: Request): void {
    const patience = setTimeout(() => this.giveUp(), request.dueMs + this.#patienceMs - machineMs());
    this.#exchange = { request, response: new ResponseReader(), patience, firstByteMs: null };
    const fields = `Host: faults.test\r\nX-Id: ${request.id}\r\n`;
    const length = request.method === 'POST' ? `Content-Length: ${POST_BODY.length}\r\n` : '';
    const body = request.method === 'POST' ? POST_BODY : '';
    this.#socket.write(`${request.method} / HTTP/1.1\r\n${fields}${length}\r\n${body}`, 'latin1');
  }

  /** The client waits no longer. */
  giveUp(): void {
    this.#leave();
  }

  #onBytes(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#leave();
    exchange.firstByteMs ??= machineMs();
    const { response } = exchange;
    response.take(bytes);
    if (response.bad) return this.#leave();
    if (!response.complete) return;
    this.#finish(exchange, 'complete');
    if (response.keepAlive) this.#owner.onIdle();
    else this.#leave();
  }

  #onEnd(): void {
    const exchange = this.#exchange;
    exchange?.response.ended();
    if (exchange?.response.complete) this.#finish(exchange, 'complete');
    this.#leave();
  }

  #finish({ request, response, patience, firstByteMs }: Exchange, ending: Ending): void {
    this.#exchange = undefined;
    clearTimeout(patience);
    const { method, dueMs } = request;
    const { status, backend } = response;
    this.#owner.onRecord({ method, dueMs, firstByteMs, endMs: machineMs(), ending, status, backend });
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    const exchange = this.#exchange;
    if (exchange !== undefined) this.#finish(exchange, exchange.firstByteMs === null ? 'no-answer' : 'broken');
    this.#socket.destroy();
    this.#owner.onGone();
  }
}
