/**
 * workers/tasks/attempt.ts: one probe under way. It opens a connection of its own, since a kept one would go on
 * answering for a process that no longer accepts anybody, and it is over when its time is.
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

/** What was read is looked at before the next read begins, so all probes of a thread read into one buffer. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

/** Told once how the probe ended. */
export interface Outcome {
  answered(result: ProbeResult): void;
  /** This host could not even try (no file descriptor, no local port), which says nothing about the backend. */
  untried(reason: string): void;
}

export class Attempt {
  readonly #outcome: Outcome;
  readonly #startedAt = performance.now();
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(task: ProbeTask, outcome: Outcome) {
    this.#outcome = outcome;
    const late = { ok: false, reason: `timed out after ${inWords(task.timeoutMs)}` };
    this.#timer = setTimeout(() => this.#settle(late), task.timeoutMs);
    this.#socket = task.http === undefined ? this.#connect(task) : this.#ask(task, task.http);
    this.#socket.on('error', (error) => this.#failed(error));
  }

  /** Nobody wants to know any more; nothing is told. */
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
    // It must not take a healthy pool down.
    if (isOwnFault(error.code)) this.#end(() => this.#outcome.untried(`could not probe: ${error.code}`));
    else this.#settle({ ok: false, reason: WORDS[error.code ?? ''] ?? error.code ?? error.message });
  }

  #settle(judgement: Judgement): void {
    // A hundredth is as fine as such a clock means anything.
    const ms = Math.round((performance.now() - this.#startedAt) * 100) / 100;
    this.#end(() => this.#outcome.answered({ ...judgement, ms }));
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    tell();
  }
}

function inWords(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
