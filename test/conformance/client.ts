/**
 * test/conformance/client.ts: the client of a case. It sends what the case says, then tries the connection with one
 * more request, and reports what came back, read by the strict reader.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as after, setImmediate as afterReading } from 'node:timers/promises';
import { type Reading, type ReadMessage, readResponse, valuesOf } from '../../bench/http/message.js';
import { partingAtEnd } from '../support/peer.js';
import { echoOf, PAUSE_MS } from './backend.js';
import { getNext, TAG } from './bytes.js';
import type { Case, Step } from './case.js';

export interface Answer {
  readonly status: number;
  readonly message: ReadMessage;
  /** Statuses of the 1xx in front of it. */
  readonly interims: readonly number[];
}

export interface Received {
  /** The complete final answers, without the one to the request that tries the connection. */
  readonly answers: readonly Answer[];
  /** The answer that began and never became complete. */
  readonly cut: Answer | undefined;
  /** What came behind a 101. */
  readonly tunnel: string;
  /** Why the reader could not read on, and from where. */
  readonly unreadable: { readonly why: string; readonly text: string } | undefined;
  /** `open`: one more request on the connection got its own answer. `stuck`: nothing happened in time. */
  readonly end: 'open' | 'closed' | 'reset' | 'stuck';
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** How long nothing may happen before a connection counts as stuck. */
  readonly patienceMs: number;
}

const PROBE = getNext('probe', 'Connection: close');
/** One after the other, so that a proxy sees them as different reads. */
const BETWEEN_STEPS_MS = 2;

/** Runs the client's side of `test` under `tag`. */
export async function sendCase(target: Target, test: Case, tag: string): Promise<Received> {
  const connection = await Connection.open(target, test.toHead === true);
  try {
    for (const [index, step] of tagged(test.send, tag).entries()) {
      if (index > 0 && typeof step === 'string') await untilNextStep();
      await connection.perform(step);
    }
    await connection.finals(test.answers ?? 1);
    if (connection.saidOpen) connection.send(PROBE.replaceAll(TAG, tag));
    await connection.over();
    return connection.received(echoOf(`GET ${PROBE.split(' ')[1]}`.replaceAll(TAG, tag)));
  } finally {
    connection.destroy();
  }
}

/**
 * Timers that are late fire one after the other before anything is read. A client that wrote on and on to a proxy that
 * has closed would be reset with the answer unread, so it reads what is there before each step.
 */
async function untilNextStep(): Promise<void> {
  await after(BETWEEN_STEPS_MS);
  await afterReading();
}

/** Replaces {@link TAG} also where a cut goes through it; every tag is as long. */
function tagged(steps: readonly Step[], tag: string): readonly Step[] {
  const text = steps
    .filter((step) => typeof step === 'string')
    .join('')
    .replaceAll(TAG, tag);
  let at = 0;
  return steps.map((step) => {
    if (typeof step !== 'string') return step;
    at += step.length;
    return text.slice(at - step.length, at);
  });
}

/** A new client asks for its own answer. @returns whether it got that and nothing else */
export async function follow(target: Target, tag: string, index: number): Promise<boolean> {
  const connection = await Connection.open(target, false);
  const request = getNext(`next${index}`, 'Connection: close').replaceAll(TAG, tag);
  connection.send(request);
  await connection.over();
  connection.destroy();
  return connection.text.endsWith(`\r\n\r\n${echoOf(request)}`) && connection.received('').answers.length === 1;
}

class Connection {
  text = '';
  readonly #socket: Socket;
  readonly #toHead: boolean;
  readonly #patienceMs: number;
  #gone: 'closed' | 'reset' | undefined;
  #stuck = false;
  #ended = false;
  #awaited = 0;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket, toHead: boolean, patienceMs: number) {
    this.#socket = socket;
    this.#toHead = toHead;
    this.#patienceMs = patienceMs;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.text += text;
      this.#wake?.();
    });
    socket.on('end', () => this.#leave(partingAtEnd(socket) === 'reset' ? 'reset' : 'closed'));
    socket.on('error', () => this.#leave('reset'));
    socket.on('close', () => this.#leave('closed'));
  }

  static open({ host, port, patienceMs }: Target, toHead: boolean): Promise<Connection> {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(socket, toHead, patienceMs);
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(connection));
      socket.once('error', reject);
    });
  }

  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  async perform(step: Step): Promise<void> {
    if (typeof step === 'string') return this.send(step);
    switch (step.act) {
      case 'pause':
        await after(PAUSE_MS);
        return;
      case 'end':
        this.#ended = true;
        this.#socket.end();
        return;
      case 'reset':
        this.#gone = 'closed';
        this.#socket.resetAndDestroy();
        return;
      case 'await':
        this.#awaited += 1;
        await this.#until(() => this.#messages().length >= this.#awaited);
    }
  }

  /** Waits for so many final answers. */
  finals(count: number): Promise<void> {
    return this.#until(() => this.#messages().filter(isFinal).length >= count || this.#isLost());
  }

  /** Waits until the proxy has ended the connection. */
  over(): Promise<void> {
    return this.#until(() => false);
  }

  /** Whether the connection looks as if it were good for another request. */
  get saidOpen(): boolean {
    const last = this.#messages().findLast(isFinal);
    if (this.#gone !== undefined || this.#stuck || this.#ended || last === undefined || this.#isLost()) return false;
    const options = valuesOf(last.fields, 'connection').join().toLowerCase();
    if (last.status === 101) return false;
    return last.line.startsWith('HTTP/1.0') ? options.includes('keep-alive') : !options.includes('close');
  }

  /** @param probeEcho the body by which the answer to the last request is known */
  received(probeEcho: string): Received {
    const { messages, last, rest } = this.#read();
    const answers: Answer[] = [];
    const interims: number[] = [];
    for (const message of messages) {
      if (isFinal(message)) answers.push({ status: message.status, message, interims: interims.splice(0) });
      else interims.push(message.status);
    }
    const tried = answers.at(-1)?.message.body === probeEcho;
    if (tried) answers.pop();
    const switched = answers.at(-1)?.status === 101;
    const begun = last.kind === 'incomplete' ? last.head : undefined;
    const unreadable = last.kind === 'unreadable' && !switched ? { why: last.why, text: rest } : undefined;
    const cut = begun === undefined || switched ? undefined : { status: begun.status, message: begun, interims };
    const end = tried ? 'open' : (this.#gone ?? 'stuck');
    return { answers, cut, tunnel: switched ? rest : '', unreadable, end };
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #leave(how: 'closed' | 'reset'): void {
    // Not after a reset of our own: a socket that ends and is reset at once keeps Node's event loop spinning.
    if (this.#gone === undefined && how === 'closed') this.#socket.end();
    if (this.#gone === undefined || how === 'reset') this.#gone = how;
    this.#wake?.();
  }

  /** Waits until `holds`, the connection is gone, or nothing has happened for too long. */
  async #until(holds: () => boolean): Promise<void> {
    while (!this.#stuck && this.#gone === undefined && !holds()) {
      const silence = setTimeout(() => {
        this.#stuck = true;
        this.#wake?.();
      }, this.#patienceMs);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      clearTimeout(silence);
    }
  }

  /** Nothing that follows can be read. */
  #isLost(): boolean {
    const { messages, last } = this.#read();
    return last.kind === 'unreadable' || messages.at(-1)?.status === 101;
  }

  #messages(): readonly ReadMessage[] {
    return this.#read().messages;
  }

  #read(): { readonly messages: readonly ReadMessage[]; readonly last: Reading; readonly rest: string } {
    const messages: ReadMessage[] = [];
    let rest = this.text;
    for (;;) {
      const toHead = this.#toHead && !messages.some(isFinal);
      const last = readResponse(rest, { toHead, ended: this.#gone === 'closed' });
      if (last.kind !== 'message') return { messages, last, rest };
      messages.push(last.message);
      rest = last.rest;
      if (last.message.status === 101 || rest === '') return { messages, last: { kind: 'incomplete' }, rest };
    }
  }
}

function isFinal({ status }: ReadMessage): boolean {
  return status >= 200 || status === 101;
}
