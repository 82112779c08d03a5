/**
 * bench/load/open-loop.ts: requests that are due at fixed times, whatever became of those before them. Each is timed
 * from the moment it was due, not from the moment it could be sent: a client that waits for an answer before it asks
 * again counts a stall of the server once, when it hit every request that should have been sent meanwhile
 * ("coordinated omission": Gil Tene, "How NOT to Measure Latency", 2013). No I/O and no clock of its own.
 */
import type { Client, Ending } from '../http/client.js';
import { type ReadMessage, valuesOf } from '../http/message.js';
import type { LoadOrder } from './order.js';
import type { RequestRecord } from './record.js';

export type LoopOrder = Omit<LoadOrder, 'graceMs' | 'tickMs'>;

/** A connection, as far as the loop knows it, and the request that waits for its response there. */
export interface Lane extends Pick<Client, 'ask' | 'close' | 'message' | 'isReusable' | 'firstByteMs'> {
  method: RequestRecord['method'];
  /** When the request was due; `NaN` while none waits. */
  dueMs: number;
}

const POST_BODY = 'x'.repeat(256);
const PATIENCE_CHECKED_EVERY_MS = 10;

export class OpenLoop<L extends Lane> {
  readonly #order: LoopOrder;
  readonly #connect: () => L;
  readonly #get: string;
  readonly #lanes = new Set<L>();
  /** The connection that has been idle for longest is used first, so that all stay in use. */
  readonly #idle: L[] = [];
  #phase = 0;
  #phaseStartMs: number;
  #sentInPhase = 0;
  /** When the next request is due; `undefined` once every one was sent. */
  #nextDueMs: number | undefined;
  #asked = 0;
  #patienceCheckMs = 0;
  // What is known of each request that has ended, in lists of their own: an object for each would be garbage whose
  // collection stalls the load.
  readonly #methods: RequestRecord['method'][] = [];
  readonly #endings: Ending[] = [];
  readonly #messages: Lane['message'][] = [];
  /** When it was due, when its first byte came (`NaN`: never), and when it ended. */
  readonly #timesMs: Float64Array;

  /** @param connect opens a connection; how its requests end is told by {@link ended} and {@link gone} */
  constructor(order: LoopOrder, startMs: number, connect: () => L) {
    const { host, pathname } = new URL(order.url);
    this.#order = order;
    this.#connect = connect;
    this.#get = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    this.#phaseStartMs = startMs;
    this.#nextDueMs = this.#dueNext();
    const most = order.phases.reduce((sum, { rate, forMs }) => sum + Math.ceil((rate * forMs) / 1_000) + 1, 0);
    this.#timesMs = new Float64Array(3 * most);
    for (let i = 0; i < order.connections; i++) this.#idle.push(this.#openLane());
  }

  /** Whether every request has ended. */
  get isComplete(): boolean {
    return this.#nextDueMs === undefined && this.#endings.length === this.#asked;
  }

  /** Every request that has ended. */
  get records(): RequestRecord[] {
    return this.#endings.map((ending, index) => {
      const message = this.#messages[index];
      return {
        method: this.#methods[index] ?? 'GET',
        dueMs: this.#timesMs[3 * index] ?? 0,
        firstByteMs: this.#timesMs[3 * index + 1] || null,
        endMs: this.#timesMs[3 * index + 2] ?? 0,
        ending,
        status: message?.status ?? 0,
        backend: message === undefined || this.#order.postEvery === 0 ? '' : backendOf(message),
      };
    });
  }

  /** Sends what is due and gives up what has waited too long. The load is as even as the calls of this are frequent. */
  advance(nowMs: number): void {
    if (nowMs >= this.#patienceCheckMs) this.#endImpatient(nowMs);
    while (this.#nextDueMs !== undefined && this.#nextDueMs <= nowMs) {
      if (!this.#send(this.#nextDueMs)) return;
      this.#nextDueMs = this.#dueNext();
    }
  }

  /** The request on `lane` has ended. */
  ended(lane: L, ending: Ending, nowMs: number): void {
    if (Number.isNaN(lane.dueMs)) return;
    this.#record(lane, ending, nowMs);
    lane.dueMs = Number.NaN;
    if (ending === 'complete' && lane.isReusable) this.#idle.push(lane);
  }

  /** The connection of `lane` has ended. */
  gone(lane: L): void {
    this.#lanes.delete(lane);
    const at = this.#idle.indexOf(lane);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Ends every request that was due by `nowMs` and has no response, and every connection. */
  finish(nowMs: number): void {
    for (; this.#nextDueMs !== undefined && this.#nextDueMs <= nowMs; this.#nextDueMs = this.#dueNext()) {
      this.#recordUnsent(this.#nextMethod(), this.#nextDueMs, nowMs);
    }
    for (const lane of [...this.#lanes]) lane.close();
  }

  #endImpatient(nowMs: number): void {
    this.#patienceCheckMs = nowMs + PATIENCE_CHECKED_EVERY_MS;
    const tooLong = nowMs - this.#order.patienceMs;
    for (const lane of [...this.#lanes]) if (lane.dueMs <= tooLong) lane.close();
  }

  /** @returns whether the request that is due was sent or has failed; otherwise it waits for a connection */
  #send(dueMs: number): boolean {
    const { mostConnections, whenBusy, postEvery } = this.#order;
    const lane = this.#idle.shift() ?? (this.#lanes.size < mostConnections ? this.#openLane() : undefined);
    if (lane === undefined && whenBusy === 'wait') return false;
    const method = this.#nextMethod();
    if (lane === undefined) {
      this.#recordUnsent(method, dueMs, dueMs);
      return true;
    }
    lane.method = method;
    lane.dueMs = dueMs;
    lane.ask(postEvery === 0 ? this.#get : this.#withId(method));
    return true;
  }

  #withId(method: RequestRecord['method']): string {
    const post = method === 'POST';
    const fields = `X-Id: ${this.#asked}\r\n${post ? `Content-Length: ${POST_BODY.length}\r\n` : ''}`;
    return `${this.#get.replace('GET', method).slice(0, -2)}${fields}\r\n${post ? POST_BODY : ''}`;
  }

  #openLane(): L {
    const lane = this.#connect();
    this.#lanes.add(lane);
    return lane;
  }

  #nextMethod(): RequestRecord['method'] {
    this.#asked += 1;
    const { postEvery } = this.#order;
    return postEvery > 0 && this.#asked % postEvery === 0 ? 'POST' : 'GET';
  }

  #dueNext(): number | undefined {
    for (;;) {
      const phase = this.#order.phases[this.#phase];
      if (phase === undefined) return undefined;
      const inPhaseMs = (this.#sentInPhase * 1_000) / phase.rate;
      if (inPhaseMs < phase.forMs) {
        this.#sentInPhase += 1;
        return this.#phaseStartMs + inPhaseMs;
      }
      this.#phase += 1;
      this.#phaseStartMs += phase.forMs;
      this.#sentInPhase = 0;
    }
  }

  #recordUnsent(method: RequestRecord['method'], dueMs: number, endMs: number): void {
    this.#record({ method, dueMs, firstByteMs: undefined, message: undefined }, 'no-answer', endMs);
  }

  #record(
    { method, dueMs, firstByteMs, message }: Pick<Lane, 'method' | 'dueMs' | 'firstByteMs' | 'message'>,
    ending: Ending,
    endMs: number,
  ): void {
    const at = 3 * this.#endings.length;
    this.#timesMs[at] = dueMs;
    this.#timesMs[at + 1] = firstByteMs ?? Number.NaN;
    this.#timesMs[at + 2] = endMs;
    this.#methods.push(method);
    this.#endings.push(ending);
    this.#messages.push(message);
  }
}

function backendOf({ fields }: ReadMessage): string {
  return valuesOf(fields, 'x-backend')[0] ?? '';
}
