/**
 * workers/tasks/response-check.ts: whether a response is the one that a probe wants. It is read by the parser that
 * reads real responses, so that a backend whose answers would be refused is not called healthy.
 */
import { type HttpProbe, isExpected } from '../../src/core/probe.js';
import { BodyReader } from '../../src/http1/body-reader.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';

export interface Judgement {
  readonly ok: boolean;
  /** In words, for people. */
  readonly reason: string;
}

const LIMITS = { headBytes: 16_384, fields: 128 };
/** How much of a body is searched, in bytes. */
const MAX_BODY_BYTES = 65_536;
/** A head is parsed whole or not at all, so all probes of a thread share one. */
const HEAD = new ResponseHead();

export class ResponseCheck {
  readonly #probe: HttpProbe;
  /** The beginning of a head. */
  #kept = Buffer.alloc(0);
  #status = 0;
  #search: BodySearch | undefined;

  constructor(probe: HttpProbe) {
    this.#probe = probe;
  }

  /** @param bytes what came; not kept  @returns the judgement once there is enough for one */
  read(bytes: Buffer): Judgement | undefined {
    if (this.#search !== undefined) return this.#found(this.#search.read(bytes));
    return this.#readHead(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]));
  }

  /** Nothing more comes. */
  end(): Judgement {
    if (this.#search !== undefined) return this.#missing('in its body');
    return { ok: false, reason: 'connection closed before a response' };
  }

  #readHead(bytes: Buffer): Judgement | undefined {
    const request = { isHead: this.#probe.isHead, upgrade: false };
    const text = bytes.toString('latin1', 0, LIMITS.headBytes);
    const result = parseResponseHead(text, bytes, LIMITS, request, HEAD);
    if (result === 'incomplete') {
      this.#kept = Buffer.from(bytes);
      return undefined;
    }
    if (result !== 'complete') return { ok: false, reason: `invalid HTTP response (${result.reason})` };
    const rest = bytes.subarray(HEAD.length);
    return HEAD.interim ? this.#readHead(rest) : this.#judge(rest);
  }

  #judge(rest: Buffer): Judgement | undefined {
    this.#status = HEAD.status;
    const { statuses, body } = this.#probe;
    const ok = isExpected(this.#status, statuses);
    if (!ok || body === undefined) return { ok, reason: `HTTP ${this.#status}` };
    this.#search = new BodySearch(body, HEAD);
    return this.#found(this.#search.read(rest));
  }

  #found(where: Found): Judgement | undefined {
    if (where === 'not yet') return undefined;
    if (where === 'here') return { ok: true, reason: `HTTP ${this.#status}` };
    return this.#missing(where === 'not in the whole' ? 'in its body' : 'in the first 64 KiB of its body');
  }

  #missing(where: string): Judgement {
    return { ok: false, reason: `HTTP ${this.#status} without ${JSON.stringify(this.#probe.body)} ${where}` };
  }
}

type Found = 'here' | 'not yet' | 'not in the whole' | 'not in the beginning';

/** Looks for a text in a body whose pieces may end anywhere, and keeps no more of it than could begin the text. */
class BodySearch {
  readonly #wanted: Buffer;
  readonly #body = new BodyReader();
  #tail = Buffer.alloc(0);
  #seen = 0;

  constructor(wanted: string, { framing, contentLength }: ResponseHead) {
    this.#wanted = Buffer.from(wanted);
    this.#body.start(framing, contentLength);
  }

  read(bytes: Buffer): Found {
    let isHere = false;
    this.#body.scan(bytes, 0, bytes.length, (from, to) => {
      isHere ||= this.#holds(bytes.subarray(from, Math.min(to, from + MAX_BODY_BYTES - this.#seen)));
      this.#seen = Math.min(MAX_BODY_BYTES, this.#seen + to - from);
    });
    if (isHere) return 'here';
    if (this.#seen === MAX_BODY_BYTES) return 'not in the beginning';
    return this.#body.done || this.#body.fault !== undefined ? 'not in the whole' : 'not yet';
  }

  #holds(run: Buffer): boolean {
    const joined = Buffer.concat([this.#tail, run]);
    this.#tail = joined.subarray(Math.max(0, joined.length - this.#wanted.length + 1));
    return joined.includes(this.#wanted);
  }
}
