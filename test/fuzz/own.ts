/**
 * test/fuzz/own.ts: our readers, joined the way the data plane joins them: a head is parsed again from its start with
 * every read, the body is followed as it comes, and what is behind a message begins the next one.
 */
import { BodyReader, type Framing } from '../../src/http1/body-reader.js';
import type { HeadResult } from '../../src/http1/fault.js';
import { type Additions, type ClientSide, forwardRequestHead } from '../../src/http1/forward-request.js';
import { forwardResponseHead } from '../../src/http1/forward-response.js';
import type { HeadFields } from '../../src/http1/head-fields.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { bytesOf, type Input } from './message.js';

export const LIMITS = { headBytes: 16_384, fields: 128 } as const;
export const FALLBACK_HOST = 'fallback.test';

export function clientSide(input: Input): ClientSide {
  return { address: '192.0.2.7', proto: 'http', trusted: input.trusted === true };
}

/** All there is to add, or none of it. */
export function additions({ adds = false }: Input): Additions {
  return { forwarded: adds, via: adds ? 'here' : '' };
}

/** The X-Request-Id for a request without one; `undefined` where none is made. */
export function madeRequestId({ adds = false }: Input): string | undefined {
  return adds ? 'made-1' : undefined;
}

export interface OwnMessage {
  readonly start: string;
  readonly minorVersion: 0 | 1;
  readonly fields: readonly string[];
  readonly framing: Framing;
  readonly keepAlive: boolean;
  /** A request that asks for another protocol, or the response that grants it. */
  readonly upgrade: boolean;
  readonly interim: boolean;
  /** A request: what it is for, by its target or else its Host. */
  readonly host: string;
  /** The head as it is sent on. */
  readonly onward: string;
  /** A response is sent on without its chunks. */
  readonly dechunk: boolean;
  /** The client's connection stays open behind the response. */
  readonly keepsClient: boolean;
  /** Offsets in the input: of the first line, of the body and behind what was accepted of it. */
  readonly from: number;
  readonly bodyAt: number;
  readonly end: number;
  readonly body: string;
  readonly complete: boolean;
}

type Draft = { -readonly [K in keyof OwnMessage]: OwnMessage[K] };

export interface OwnReading {
  readonly messages: OwnMessage[];
  /** Why nothing more was accepted: a fault's reason, or that no message may follow; empty at the input's end. */
  readonly stopped: string;
}

/** Reads `parts` as one connection's bytes, as the data plane would. */
export function ownRead(input: Input, parts: readonly Buffer[]): OwnReading {
  const reader = new OwnReader(input);
  for (const part of parts) reader.push(part);
  return { messages: reader.messages, stopped: reader.stopped };
}

class OwnReader {
  readonly messages: Draft[] = [];
  stopped = '';
  readonly #input: Input;
  readonly #request = new RequestHead();
  readonly #response = new ResponseHead();
  readonly #body = new BodyReader();
  #pending = '';
  /** Offset in the input of what is pending, or else of the next part. */
  #at = 0;
  #inBody = false;

  constructor(input: Input) {
    this.#input = input;
  }

  push(part: Buffer): void {
    if (this.stopped !== '') return;
    if (this.#inBody) this.#followBody(part, 0);
    else this.#readHeads(this.#pending + part.toString('latin1'));
  }

  #readHeads(text: string): void {
    this.#pending = text;
    if (text === '') return;
    const result = this.#parse(text);
    if (result === 'incomplete') return;
    if (result !== 'complete') {
      this.stopped = result.reason;
      return;
    }
    this.#pending = '';
    const { length, framing, contentLength } = this.#input.kind === 'request' ? this.#request : this.#response;
    this.messages.push(this.#input.kind === 'request' ? this.#describeRequest(text) : this.#describeResponse(text));
    this.#at += length;
    this.#body.start(framing, contentLength);
    this.#inBody = true;
    this.#followBody(bytesOf(text), length);
  }

  #parse(text: string): HeadResult {
    if (this.#input.kind === 'request') return parseRequestHead(text, bytesOf(text), LIMITS, this.#request);
    const { isHead = false, upgrade = false } = this.#input;
    return parseResponseHead(text, bytesOf(text), LIMITS, { isHead, upgrade }, this.#response);
  }

  #followBody(bytes: Buffer, from: number): void {
    const message = this.messages.at(-1);
    if (message === undefined) throw new TypeError('A body without a head');
    const end = this.#body.scan(bytes, from, bytes.length, (start, stop) => {
      message.body += bytes.toString('latin1', start, stop);
    });
    this.#at += end - from;
    message.end = this.#at;
    message.complete = this.#body.done;
    if (this.#body.fault !== undefined) this.stopped = this.#body.fault.reason;
    if (!this.#body.done) return;
    this.#inBody = false;
    const last = this.#input.kind === 'request' ? !message.keepAlive || message.upgrade : !message.interim;
    if (last) this.stopped = 'last message';
    else this.#readHeads(bytes.toString('latin1', end));
  }

  #describeRequest(text: string): Draft {
    const head = this.#request;
    const made = madeRequestId(this.#input);
    if (made !== undefined && head.requestId === '') head.giveRequestId(made);
    return {
      ...this.#common(text, head, head.start),
      start: `${head.method} ${head.target}`,
      upgrade: head.upgrade,
      interim: false,
      host: head.host,
      onward: forwardRequestHead(head, clientSide(this.#input), FALLBACK_HOST, additions(this.#input)),
      dechunk: false,
      keepsClient: head.keepAlive,
    };
  }

  #describeResponse(text: string): Draft {
    const head = this.#response;
    const { toMinor: minorVersion = 1 } = this.#input;
    const dechunk = minorVersion === 0 && head.framing === 'chunked';
    const keepsClient = head.framing !== 'close' && !dechunk;
    return {
      ...this.#common(text, head, 0),
      start: `${head.status} ${text.slice('HTTP/1.1 200 '.length, head.fields.start - 2)}`,
      upgrade: head.switching,
      interim: head.interim,
      host: '',
      onward: forwardResponseHead(head, { minorVersion, keepAlive: keepsClient, dechunk }),
      dechunk,
      keepsClient,
    };
  }

  #common(text: string, head: RequestHead | ResponseHead, lineAt: number) {
    return {
      minorVersion: head.minorVersion,
      fields: fieldsOf(text, head.fields),
      framing: head.framing,
      keepAlive: head.keepAlive,
      from: this.#at + lineAt,
      bodyAt: this.#at + head.length,
      end: this.#at + head.length,
      body: '',
      complete: false,
    };
  }
}

function fieldsOf(text: string, fields: HeadFields): string[] {
  const list: string[] = [];
  for (let i = 0; i < fields.count; i++) {
    list.push(text.slice(fields.nameAt(i), fields.colonAt(i)), text.slice(fields.valueAt(i), fields.valueEnd(i)));
  }
  return list;
}
