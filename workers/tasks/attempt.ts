/**
 * workers/tasks/attempt.ts: one probe under way. It opens a new connection, since a process that accepts no connections
 * any more may still answer on an old one, and it fails when its time is over.
 */
import { connect, type Socket } from 'node:net';
import { isOwnFault } from '../../src/core/own-fault.js';
import type { ProbeResult, ProbeTask } from '../../src/core/probe.js';
import { type Judgement, ResponseCheck } from './response-check.js';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connect timed out',
};

/** Buffer that all probes of a thread read into: the bytes of a read are used before the next read begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

/** Receives the end of a probe; exactly one method is called, once. */
export interface ProbeEvents {
  /** The probe was made. */
  answered(result: ProbeResult): void;
  /** This host could not make the probe (no file descriptor, no local port), which says nothing about the backend. */
  untried(reason: string): void;
}

export class ProbeAttempt {
  readonly #events: ProbeEvents;
  readonly #startedAt = performance.now();
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  /** Begins the probe. */
  constructor(task: ProbeTask, events: ProbeEvents) {
    this.#events = events;
    const late = { ok: false, reason: `timed out after ${inWords(task.timeoutMs)}` };
    this.#timer = setTimeout(() => this.#settle(late), task.timeoutMs);
    this.#socket = task.http === undefined ? this.#connect(task) : this.#ask(task, task.http);
    this.#socket.on('error', (error) => this.#failed(error));
  }

  /** Ends the probe without calling any of its events. */
  cancel(): void {
    this.#end(() => {});
  }

  #connect({ host, port }: ProbeTask): Socket {
    return connect({ host, port }).once('connect', () => this.#settle({ ok: true, reason: 'connected' }));
  }

  #ask({ host, port }: ProbeTask, http: NonNullable<ProbeTask['http']>): Socket {
    const check = new ResponseCheck(http);
    const callback = (length: number): boolean => {
      const judgement = check.read(READ_BUFFER.subarray(0, length));
      if (judgement !== undefined) this.#settle(judgement);
      return !this.#isOver;
    };
    const socket = connect({ host, port, onread: { buffer: READ_BUFFER, callback } });
    socket.once('end', () => this.#settle(check.end()));
    socket.write(http.request, 'latin1');
    return socket;
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A shortage on this host must not mark healthy backends down.
    if (isOwnFault(error.code)) this.#end(() => this.#events.untried(`could not probe: ${error.code}`));
    else this.#settle({ ok: false, reason: WORDS[error.code ?? ''] ?? error.code ?? error.message });
  }

  #settle(judgement: Judgement): void {
    // Rounded to hundredths: finer digits are noise.
    const ms = Math.round((performance.now() - this.#startedAt) * 100) / 100;
    this.#end(() => this.#events.answered({ ...judgement, ms }));
  }

  #end(report: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    report();
  }
}

function inWords(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
