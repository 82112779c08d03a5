/** bench/fixed-rate/slice.ts: one slice of load at a fixed rate: a small GET over keep-alive connections of its own. */
import type { Socket } from 'node:net';
import { dial, type Reader, type TextTarget, writeText } from '../../workers/fast-socket.js';
import { nearestRank } from '../statistics.js';
import { AnswerReader } from './answer-reader.js';
import { type Lane, type Latencies, OpenLoop } from './open-loop.js';
import { everyMs } from './ticker.js';

const TICK_MS = 0.2;
/** For the connections to open. */
const START_AFTER_MS = 50;
/** For answers, after the last request was due. */
const PATIENCE_MS = 1_000;

export interface SliceOrder {
  readonly url: URL;
  /** Requests per second. */
  readonly rate: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface SliceResult {
  /** Answered. */
  readonly requests: number;
  /** Milliseconds from the moment a request was due; one without an answer counts for as long as it waited. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Not answered within a second of the end, or with a status other than 2xx. */
  readonly errors: number;
}

// One read is handled before the next begins, so one buffer serves all.
const shared = Buffer.allocUnsafeSlow(64 * 1024);

class Connection implements Lane, Reader, TextTarget {
  textWaits = false;
  dueMs = Number.NaN;
  readonly readBuffer = shared;
  readonly socket: Socket;
  readonly #reader = new AnswerReader();
  readonly #request: string;
  readonly #answered: (connection: Connection, ok: boolean) => void;

  constructor(url: URL, answered: (connection: Connection, ok: boolean) => void) {
    this.#request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
    this.#answered = answered;
    this.socket = dial(url.hostname, Number(url.port), this);
    for (const event of ['error', 'end']) this.socket.on(event, () => this.socket.destroy());
  }

  ask(): void {
    writeText(this, this.#request);
  }

  onRead(buffer: Buffer, length: number): void {
    const answer = this.#reader.take(buffer, length);
    if (answer !== 'incomplete') this.#answered(this, answer === 'ok');
  }
}

export async function sendAtFixedRate({ url, rate, connections, seconds }: SliceOrder): Promise<SliceResult> {
  const startMs = performance.now() + START_AFTER_MS;
  const plan = { rate, requests: Math.round(rate * seconds), startMs };
  const loop = new OpenLoop<Connection>(plan, (connection) => connection.ask());
  let refused = 0;
  const open = Array.from({ length: connections }, () => {
    const connection = new Connection(url, (answering, ok) => {
      const nowMs = performance.now();
      if (!ok) refused++;
      loop.answered(answering, nowMs);
      loop.advance(nowMs);
    });
    connection.socket.on('connect', () => loop.join(connection));
    connection.socket.on('close', () => loop.lose(connection));
    return connection;
  });
  const latencies = await untilOver(loop, startMs + seconds * 1_000 + PATIENCE_MS);
  for (const { socket } of open) socket.destroy();
  return resultOf(latencies, refused);
}

/** @returns once every request has its answer, or none can be waited for any longer */
function untilOver(loop: OpenLoop<Connection>, endMs: number): Promise<Latencies> {
  return new Promise((resolve) => {
    const stop = everyMs(TICK_MS, () => {
      const nowMs = performance.now();
      if (!loop.complete && nowMs < endMs) return loop.advance(nowMs);
      stop();
      resolve(loop.finish(nowMs));
    });
  });
}

function resultOf({ sortedMs, unanswered }: Latencies, refused: number): SliceResult {
  return {
    requests: sortedMs.length - unanswered,
    p50Ms: nearestRank(sortedMs, 0.5),
    p99Ms: nearestRank(sortedMs, 0.99),
    errors: unanswered + refused,
  };
}
