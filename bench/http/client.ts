/**
 * bench/http/client.ts: an HTTP/1.1 client connection that asks one request at a time and says how each ended. The load
 * generator, the benches that wait for a server and the tests' load use it.
 */
import type { Socket } from 'node:net';
import { dial, type Reader, type TextTarget, writeText } from '../../workers/fast-socket.js';
import { machineMs } from '../clock.js';
import type { ReadMessage } from './message.js';
import { ResponseStream } from './response-stream.js';

/**
 * How the wait for a response ended: `complete`: a whole response, whatever its status; `broken`: a response began and
 * its end is missing; `no-answer`: not one byte came.
 */
export const ENDINGS = ['complete', 'broken', 'no-answer'] as const;
export type Ending = (typeof ENDINGS)[number];

export interface ClientOwner {
  /** A request has ended, at `nowMs` of the machine's clock; called once for each. */
  readonly onEnded: (client: Client, ending: Ending, nowMs: number) => void;
  /** The connection has ended; called once, after `onEnded` of a request that ended with it. */
  readonly onGone?: (client: Client) => void;
}

/** Read buffer of all clients: one read is handled before the next begins. */
const shared = Buffer.allocUnsafeSlow(64 * 1_024);

export class Client implements Reader, TextTarget {
  readonly readBuffer = shared;
  readonly socket: Socket;
  textWaits = false;
  /** When the first byte of the current response came; `undefined` before. */
  firstByteMs: number | undefined;
  /** What broke the connection, in Node's words. */
  failure = 'socket hang up';
  readonly #response = new ResponseStream();
  readonly #owner: ClientOwner;
  #isWaiting = false;
  #isGone = false;

  /** Begins to connect; requests may be asked at once. */
  constructor(host: string, port: number, owner: ClientOwner) {
    this.#owner = owner;
    this.socket = dial(host, port, this);
    this.socket.on('end', () => this.#leave(this.#response.end() === 'complete' ? 'complete' : undefined));
    this.socket.on('error', ({ message }) => {
      this.failure = message;
      this.#leave();
    });
    this.socket.on('close', () => this.#leave());
  }

  /** The current response, as much of it as has come; the whole of it once the request has ended `complete`. */
  get message(): ReadMessage | undefined {
    return this.#response.message;
  }

  /** Whether another request may be asked, once one has ended. */
  get isReusable(): boolean {
    return !this.#isGone && this.#response.keepsAlive;
  }

  /** Sends `request`, the bytes of a whole one; the one before must have ended. */
  ask(request: string): void {
    this.#response.reset();
    this.firstByteMs = undefined;
    this.#isWaiting = true;
    if (this.socket.connecting) this.socket.write(request, 'latin1');
    else writeText(this, request);
  }

  /** Closes the connection; a request that waits ends without its response. */
  close(): void {
    this.#leave();
  }

  onRead(buffer: Buffer, length: number): void {
    const nowMs = machineMs();
    this.firstByteMs ??= nowMs;
    if (!this.#isWaiting) return this.#leave();
    const state = this.#response.take(buffer, length);
    if (state === 'incomplete') return;
    if (state === 'bad') return this.#leave();
    this.#isWaiting = false;
    // The owner may ask the next request at once.
    const { keepsAlive } = this.#response;
    this.#owner.onEnded(this, 'complete', nowMs);
    if (!keepsAlive) this.#leave();
  }

  #leave(ending: Ending = this.firstByteMs === undefined ? 'no-answer' : 'broken'): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.socket.destroy();
    if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#owner.onEnded(this, ending, machineMs());
    }
    this.#owner.onGone?.(this);
  }
}

/** @returns a GET of `url` without a body; `fields` are further header lines */
export function getRequest(url: URL, ...fields: readonly string[]): string {
  return [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...fields, '', ''].join('\r\n');
}

/** What came of a request: the response or what came of it, and why it is not complete. */
export interface Reply {
  readonly ending: Ending;
  readonly message: ReadMessage | undefined;
  readonly failure: string;
}

/** Asks a GET of `url`, whose host is an IP address, on a connection of its own, and waits for it at most `withinMs`. */
export function askOnce(url: URL, withinMs: number): Promise<Reply> {
  return new Promise((resolve) => {
    const client = new Client(url.hostname, Number(url.port), {
      onEnded: ({ message, failure }, ending) => {
        clearTimeout(timer);
        resolve({ ending, message, failure });
        client.close();
      },
    });
    const timer = setTimeout(() => {
      client.failure = 'no answer';
      client.close();
    }, withinMs);
    client.ask(getRequest(url, 'Connection: close'));
  });
}
