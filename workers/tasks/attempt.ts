/**
 * workers/tasks/attempt.ts: one probe under way. It opens a new connection, since a process that accepts no connections
 * any more may still answer on an old one, and it fails when its time is over.
 */
import { isOwnFault } from '../../src/core/own-fault.js';
import type { ProbeResult, ProbeTask } from '../../src/core/probe.js';
import { handshakeFault, tlsFault } from '../../src/tls/server-trust.js';
import type { BackendTls } from '../backend-tls.js';
import { type BackendUser, dialBackend } from '../dial-backend.js';
import type { Transport } from '../transport.js';
import { type Judgement, ResponseCheck } from './response-check.js';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connect timed out',
  ENOENT: 'no such socket file',
  EACCES: 'permission denied',
  EAGAIN: 'its queue of connections is full',
};

/** Buffer that all probes of a thread read into: the bytes of a read are used before the next read begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

/**
 * Most bytes, and most reads, that a probe takes. A head of 16 KiB and the 64 KiB of a body that are searched need less,
 * unless they come byte by byte.
 */
const MOST_BYTES = 262_144;
const MOST_READS = 1_000;
/**
 * Time that reading one response may take of the thread altogether, in milliseconds: all backends share it, and none is
 * to delay the verdict on another one. A response as it should be takes less than a tenth of one.
 */
const MOST_READING_MS = 10;

/** Receives the end of a probe; exactly one method is called, once. */
export interface ProbeEvents {
  /** The probe was made. */
  answered(result: ProbeResult): void;
  /** This host could not make the probe (no file descriptor, no local port), which says nothing about the backend. */
  untried(reason: string): void;
}

export class ProbeAttempt implements BackendUser {
  readonly #task: ProbeTask;
  readonly #events: ProbeEvents;
  readonly #startedAt = performance.now();
  #transport: Transport;
  #isOpen = false;
  readonly #timer: NodeJS.Timeout;
  /** Reads the response; `undefined` for a probe that only connects. */
  readonly #check: ResponseCheck | undefined;
  #bytes = 0;
  #reads = 0;
  #readingMs = 0;
  #isOver = false;

  /** Begins the probe. */
  constructor(task: ProbeTask, events: ProbeEvents, backendTls: BackendTls) {
    this.#task = task;
    this.#events = events;
    this.#check = task.http && new ResponseCheck(task.http, task.lenient);
    const late = { ok: false, reason: `timed out after ${inWords(task.timeoutMs)}`, late: true };
    this.#timer = setTimeout(() => this.#settle(late), task.timeoutMs);
    const { host, port, opening = '', tls: secure } = task;
    // No session is resumed: that would not look at the backend's certificate again.
    const tls = secure && backendTls.of(secure.pool).sideOf(secure.backend, false);
    this.#transport = dialBackend({ host, port, opening, tls, readBuffer: READ_BUFFER, tcpKeepAlive: 0 }, this);
  }

  /** Ends the probe without calling any of its events. */
  cancel(): void {
    this.#end(() => {});
  }

  onCovered(transport: Transport): void {
    this.#transport = transport;
  }

  onOpen(): void {
    const { http } = this.#task;
    this.#isOpen = true;
    this.#transport.hold(http?.request ?? '');
    this.#transport.flush();
    if (http === undefined) this.#settle({ ok: true, reason: 'connected' });
  }

  onBytes(buffer: Buffer, length: number): void {
    if (this.#isOver) return;
    const beganMs = performance.now();
    const judgement = this.#check?.read(buffer.subarray(0, length));
    this.#bytes += length;
    this.#reads += 1;
    this.#readingMs += performance.now() - beganMs;
    if (judgement !== undefined) this.#settle(judgement);
    else if (this.#costsTooMuch) this.#settle({ ok: false, reason: 'its response takes too much to read' });
  }

  /** Whether a response that is not complete has cost more than any that is as it should be. */
  get #costsTooMuch(): boolean {
    return this.#bytes > MOST_BYTES || this.#reads > MOST_READS || this.#readingMs > MOST_READING_MS;
  }

  onPeerEnd(): void {
    if (this.#check !== undefined) this.#settle(this.#check.end());
  }

  onClose(): void {
    const code = this.#transport.errorCode;
    // A shortage on this host must not mark healthy backends down.
    if (isOwnFault(code, this.#task.host)) this.#end(() => this.#events.untried(`could not probe: ${code}`));
    else this.#settle({ ok: false, reason: this.#closedBecause(code) });
  }

  #closedBecause(code: string): string {
    const handshake = this.#task.tls === undefined || this.#isOpen ? tlsFault(code) : handshakeFault(code);
    if (handshake !== '') return handshake;
    return WORDS[code] ?? (code === '' ? 'connection closed' : code);
  }

  #settle(judgement: Judgement & Pick<ProbeResult, 'late'>): void {
    // Rounded to hundredths: finer digits are noise.
    const ms = Math.round((performance.now() - this.#startedAt) * 100) / 100;
    this.#end(() => this.#events.answered({ ...judgement, ms }));
  }

  #end(report: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#transport.close('now');
    report();
  }
}

function inWords(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
