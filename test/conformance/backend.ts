/**
 * test/conformance/backend.ts: the backend behind every proxy that is judged. It records the bytes of each request it
 * was sent and answers by the script of the case whose tag they carry, so that many cases can run side by side.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { type ReadMessage, readRequest } from '../../bench/http/message.js';
import { SMUGGLED_PATH, TAG } from './bytes.js';
import type { Reply, Step } from './case.js';

export type Recorded =
  | { readonly kind: 'request'; readonly message: ReadMessage }
  /** A request of which something is missing, and no more will come. */
  | { readonly kind: 'partial'; readonly raw: string }
  | { readonly kind: 'unreadable'; readonly raw: string; readonly why: string };

/** The tag in any bytes of a case. */
export const ANY_TAG = /t-[0-9a-z]{6}/;
export const PAUSE_MS = 30;

/** A request that comes behind a case to see what is left of the connection; it gets the usual answer. */
const CHECK_PATH = /\/(?:probe|next\d+)$/;

export function isCheck(message: ReadMessage): boolean {
  return CHECK_PATH.test(message.line.split(' ')[1] ?? '');
}

/** What the body of the usual answer says, so that nobody else's answer passes for it. */
export function echoOf(requestLine: string): string {
  return `answer to ${requestLine.split(' ').slice(0, 2).join(' ')}\n`;
}

export class RecordingBackend {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scripts = new Map<string, readonly Reply[]>();
  readonly #asked = new Map<string, number>();
  readonly #recorded = new Map<string, Recorded[]>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      void new BackendConnection(socket, this).serve();
    });
  }

  /** @param port 0 for any */
  static async start(port = 0): Promise<RecordingBackend> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const backend = new RecordingBackend(server);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return backend;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('The backend listens on no port');
    return address.port;
  }

  /** Gives the case that runs under `tag` its script. */
  prepare(tag: string, script: readonly Reply[]): void {
    this.#scripts.set(tag, script);
  }

  /** Everything that carries `tag`, in the order in which it was complete. */
  recorded(tag: string): readonly Recorded[] {
    return this.#recorded.get(tag) ?? [];
  }

  /** Forgets all recordings: the next run begins. */
  forget(): void {
    this.#recorded.clear();
    this.#scripts.clear();
    this.#asked.clear();
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** For its connections: remembers what came. */
  record(recorded: Recorded): void {
    const tag = tagOf(recorded);
    if (tag === undefined) return;
    const known = this.#recorded.get(tag);
    if (known === undefined) this.#recorded.set(tag, [recorded]);
    else known.push(recorded);
  }

  /** For its connections: what to say to `message`, of which the head is there. */
  replyTo(message: ReadMessage): Reply {
    const usual: Reply = { early: false, say: [usualAnswer(message)] };
    if (isCheck(message)) return usual;
    const tag = ANY_TAG.exec(message.raw)?.[0] ?? '';
    const script = this.#scripts.get(tag) ?? [];
    const asked = this.#asked.get(tag) ?? 0;
    this.#asked.set(tag, asked + 1);
    const reply = script[Math.min(asked, script.length - 1)] ?? usual;
    return { ...reply, say: reply.say.map((step) => (typeof step === 'string' ? step.replaceAll(TAG, tag) : step)) };
  }
}

/** Without a body to HEAD. The field shows that the answer went through a proxy and was not made by it. */
function usualAnswer({ line }: ReadMessage): string {
  const body = echoOf(line);
  const answerHead = `HTTP/1.1 200 OK\r\nX-Backend: yes\r\nContent-Length: ${body.length}\r\n\r\n`;
  return line.startsWith('HEAD ') ? answerHead : answerHead + body;
}

function tagOf(recorded: Recorded): string | undefined {
  const raw = recorded.kind === 'request' ? recorded.message.raw : recorded.raw;
  return ANY_TAG.exec(raw)?.[0];
}

/** Whether a request got through that nobody sent as one. */
export function isSmuggled({ line }: ReadMessage, tag: string): boolean {
  return line.includes(SMUGGLED_PATH.replace(TAG, tag));
}

/** One connection from the proxy: reads request after request and answers each before it looks at the next. */
class BackendConnection {
  readonly #socket: Socket;
  readonly #backend: RecordingBackend;
  #text = '';
  #over = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, backend: RecordingBackend) {
    this.#socket = socket;
    this.#backend = backend;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#wake?.();
    });
    const over = (): void => {
      this.#over = true;
      this.#wake?.();
    };
    socket.on('end', over).on('close', over).on('error', over);
  }

  /** Until the connection ends. */
  async serve(): Promise<void> {
    for (;;) {
      const begun = await this.#untilHead();
      if (begun === undefined) break;
      const { early, say } = this.#backend.replyTo(begun);
      if (!early && !(await this.#untilWhole())) break;
      for (const step of say) await this.#perform(step);
      if (!(await this.#untilWhole())) break;
      this.#record();
    }
    this.#recordRest();
    this.#socket.end();
  }

  async #perform(step: Step): Promise<void> {
    if (typeof step === 'string') {
      if (this.#socket.writable) this.#socket.write(step, 'latin1');
    } else if (step.act === 'pause') await after(PAUSE_MS);
    else if (step.act === 'await') await this.#untilWhole();
    else if (step.act === 'end') this.#socket.end();
    else this.#socket.resetAndDestroy();
  }

  /** @returns the request whose head is there, or nothing when none will come */
  async #untilHead(): Promise<ReadMessage | undefined> {
    for (;;) {
      const reading = readRequest(this.#text);
      if (reading.kind === 'message') return reading.message;
      if (reading.kind === 'unreadable' || this.#over) return undefined;
      if (reading.head !== undefined) return reading.head;
      await this.#more();
    }
  }

  /** @returns whether the request at the start of what came is complete */
  async #untilWhole(): Promise<boolean> {
    for (;;) {
      const { kind } = readRequest(this.#text);
      if (kind !== 'incomplete') return kind === 'message';
      if (this.#over) return false;
      await this.#more();
    }
  }

  #record(): void {
    const reading = readRequest(this.#text);
    if (reading.kind !== 'message') return;
    this.#backend.record({ kind: 'request', message: reading.message });
    this.#text = reading.rest;
  }

  /** A connection that ends may leave a begun request behind, or one that a script gave no time to be read. */
  #recordRest(): void {
    const reading = readRequest(this.#text);
    if (reading.kind === 'message') this.#record();
    else if (reading.kind === 'unreadable') {
      this.#backend.record({ kind: 'unreadable', raw: this.#text, why: reading.why });
    } else if (this.#text !== '') this.#backend.record({ kind: 'partial', raw: this.#text });
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
