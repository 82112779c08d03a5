/**
 * test/fuzz/llhttp.ts: Node's own HTTP parser, llhttp in strict mode, as the judge of ours. The only file of the
 * fuzzer that touches Node's internals, because no public API drives that parser without a socket; it was the same on
 * Node 20, 24 and 26, and where it looks different this says so instead of comparing with nothing.
 */
import { METHODS } from 'node:http';
import { createRequire } from 'node:module';
import type { Kind, Message } from './message.js';

interface Parser {
  initialize(type: number, resource: object, maxHeadBytes: number, lenient: number): void;
  /** @returns how many bytes were read: all, unless another protocol follows; or what was wrong */
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

function isParserClass(value: unknown): value is ParserClass {
  if (typeof value !== 'function') return false;
  const numbers = ['REQUEST', 'RESPONSE', 'kOnHeaders', 'kOnHeadersComplete', 'kOnBody', 'kOnMessageComplete'];
  return numbers.every((name) => typeof Reflect.get(value, name) === 'number') && 'execute' in value.prototype;
}

function parserClass(): ParserClass {
  const common: unknown = createRequire(import.meta.url)('node:_http_common');
  const found: unknown = typeof common === 'object' && common !== null ? Reflect.get(common, 'HTTPParser') : undefined;
  if (!isParserClass(found)) throw new Error(`Node ${process.version} has no HTTPParser as it is known here`);
  return found;
}

const HTTPParser = parserClass();
/** Heads are limited by the reader under test, not here. */
const MAX_HEAD_BYTES = 1_048_576;
const STRICT = 0;
/** What the callback for a complete head returns: read the body, or do not expect one. */
const READ_BODY = 0;
const SKIP_BODY = 1;

export interface LlhttpReading {
  readonly messages: Message[];
  /** How many messages were complete after each part of the input. */
  readonly completeAfter: number[];
  /** Why it refused to read on. */
  error: string | undefined;
}

export interface LlhttpOptions {
  /** The response answers HEAD. */
  readonly isHead: boolean;
  /** The connection ends behind the last part. */
  readonly ends: boolean;
}

type Draft = { -readonly [K in keyof Message]: Message[K] };

/** One parser for requests or responses, used again and again. */
class Llhttp {
  readonly #parser = new HTTPParser();
  readonly #type: number;
  readonly #methods: readonly string[];
  #messages: Draft[] = [];
  #early: string[] = [];
  #earlyTarget = '';
  #isHead = false;

  constructor(kind: Kind) {
    this.#type = kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    const on = (event: number, listener: (...values: unknown[]) => unknown): void => {
      Reflect.set(this.#parser, event, listener);
    };
    on(HTTPParser.kOnHeaders, (fields, target) => this.#onFields(strings(fields), String(target)));
    on(HTTPParser.kOnHeadersComplete, (...values) => this.#onHead(values));
    on(HTTPParser.kOnBody, (bytes) => this.#onBody(bytes));
    on(HTTPParser.kOnMessageComplete, () => this.#onComplete());
    this.#methods = kind === 'request' ? this.#learnMethods() : [];
  }

  read(parts: readonly Buffer[], { isHead, ends }: LlhttpOptions): LlhttpReading {
    this.#messages = [];
    this.#early = [];
    this.#earlyTarget = '';
    this.#isHead = isHead;
    this.#parser.initialize(this.#type, {}, MAX_HEAD_BYTES, STRICT);
    const reading: LlhttpReading = { messages: this.#messages, completeAfter: [], error: undefined };
    for (const part of parts) {
      reading.error ??= this.#execute(part);
      reading.completeAfter.push(this.#messages.filter(({ complete }) => complete).length);
    }
    if (ends && reading.error === undefined) reading.error = this.#parser.finish()?.message;
    return reading;
  }

  /** It stops behind a request for another protocol; that may not come about, and then requests follow. */
  #execute(part: Buffer): string | undefined {
    for (let at = 0; at < part.length; ) {
      const read = this.#parser.execute(part.subarray(at));
      if (typeof read !== 'number') return String(Reflect.get(read, 'reason') ?? read.message);
      // Behind an upgrade Node reports an error as a stop, again and again at the same place.
      if (read <= 0) return 'refused behind an upgrade';
      if (this.#messages.at(-1)?.start.startsWith('101 ') === true) return undefined;
      at += read;
    }
    return undefined;
  }

  /** A long head comes in several pieces; behind the head these are trailers. */
  #onFields(fields: readonly string[], target: string): void {
    const current = this.#messages.at(-1);
    if (current === undefined || current.complete) {
      this.#early.push(...fields);
      this.#earlyTarget += target;
    } else current.trailers = [...current.trailers, ...fields];
  }

  #onHead(values: readonly unknown[]): number {
    const [major, minor, fields, method, target, status, reason, upgrade, keepAlive] = values;
    const version = `${major}.${minor}`;
    const name = this.#methods?.[Number(method)] ?? String(method);
    const start =
      this.#type === HTTPParser.REQUEST ? `${name} ${this.#earlyTarget}${target ?? ''}` : `${status} ${reason}`;
    this.#messages.push({
      start,
      version,
      fields: [...this.#early, ...strings(fields)],
      body: '',
      trailers: [],
      complete: false,
      keepAlive: keepAlive === true,
      upgrade: upgrade === true,
    });
    this.#early = [];
    this.#earlyTarget = '';
    // As node:http does for its own requests: an interim response never has a body.
    return this.#isHead || (typeof status === 'number' && status < 200) ? SKIP_BODY : READ_BODY;
  }

  #onBody(bytes: unknown): void {
    const current = this.#messages.at(-1);
    if (current === undefined || !(bytes instanceof Buffer)) throw new TypeError('A body of nothing');
    current.body += bytes.toString('latin1');
  }

  #onComplete(): void {
    const current = this.#messages.at(-1);
    if (current !== undefined) current.complete = true;
  }

  /** The parser gives methods as numbers; asked once for each, it says which. */
  #learnMethods(): string[] {
    const names: string[] = [];
    for (const name of METHODS) {
      const target = name === 'CONNECT' ? 'a:1' : '/';
      const { messages } = this.read([Buffer.from(`${name} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)], {
        isHead: false,
        ends: false,
      });
      const number = Number(messages[0]?.start.split(' ')[0]);
      if (!Number.isInteger(number)) throw new Error(`Node ${process.version} does not read ${name}`);
      names[number] = name;
    }
    return names;
  }
}

function strings(values: unknown): string[] {
  return Array.isArray(values) ? values.map(String) : [];
}

const requests = new Llhttp('request');
const responses = new Llhttp('response');

/** Reads `parts` as one connection's bytes. */
export function llhttpRead(kind: Kind, parts: readonly Buffer[], options: LlhttpOptions): LlhttpReading {
  return (kind === 'request' ? requests : responses).read(parts, options);
}
