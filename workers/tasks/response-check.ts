/**
 * workers/tasks/response-check.ts: decides whether a response passes a probe. It is parsed by the parser of the data
 * plane, so that a backend whose responses would be refused there does not count as healthy.
 */
import type { LenientRule } from '../../src/core/lenient-rules.js';
import { type HttpProbe, isExpected } from '../../src/core/probe.js';
import { BodyReader } from '../../src/http1/body-reader.js';
import { MAX_INTERIM_RESPONSES } from '../../src/http1/limits.js';
import { mendResponse } from '../../src/http1/mend.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';

/** Whether a probe passed, and why, in words for logs and views. */
export interface Judgement {
  readonly ok: boolean;
  readonly reason: string;
}

const LIMITS = { headBytes: 16_384, fields: 128 };
/** Bytes of a body that are searched, from its beginning. */
const MAX_BODY_BYTES = 65_536;
/** The head that all probes of a thread parse into: its content is used before the next head is parsed. */
const HEAD = new ResponseHead();

export class ResponseCheck {
  readonly #probe: HttpProbe;
  readonly #lenient: readonly LenientRule[];
  /** Bytes of a head that is incomplete yet. */
  #kept = Buffer.alloc(0);
  #status = 0;
  #interims = 0;
  #search: BodySearch | undefined;

  /** @param lenient rules that the head of the response may break */
  constructor(probe: HttpProbe, lenient: readonly LenientRule[] = []) {
    this.#probe = probe;
    this.#lenient = lenient;
  }

  /**
   * @param bytes the next bytes of the response; copied if needed later
   * @returns the judgement; `undefined` if more is needed
   */
  read(bytes: Buffer): Judgement | undefined {
    if (this.#search !== undefined) return this.#found(this.#search.read(bytes));
    return this.#readHead(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]), this.#lenient);
  }

  /** The connection has ended. @returns the judgement on what came */
  end(): Judgement {
    if (this.#search !== undefined) return this.#missing('in its body');
    return { ok: false, reason: 'connection closed before a response' };
  }

  /** @param lenient rules by which a head that is refused may be mended */
  #readHead(bytes: Buffer, lenient: readonly LenientRule[]): Judgement | undefined {
    const request = { isHead: this.#probe.isHead, upgrade: false };
    const text = bytes.toString('latin1', 0, LIMITS.headBytes);
    const result = parseResponseHead(text, bytes, LIMITS, request, HEAD);
    const mended = typeof result === 'object' ? mendResponse(text, result, lenient, LIMITS.headBytes) : undefined;
    if (typeof mended === 'object') {
      const rest = bytes.subarray(text.length);
      return this.#readHead(Buffer.concat([Buffer.from(mended.text, 'latin1'), rest]), []);
    }
    if (result === 'incomplete' || mended === 'incomplete') {
      this.#kept = Buffer.from(bytes);
      return undefined;
    }
    if (result !== 'complete') return { ok: false, reason: `invalid HTTP response (${result.reason})` };
    const rest = bytes.subarray(HEAD.length);
    if (!HEAD.interim) return this.#judge(rest);
    this.#interims += 1;
    if (this.#interims > MAX_INTERIM_RESPONSES)
      return { ok: false, reason: `more than ${MAX_INTERIM_RESPONSES} interim responses` };
    return this.#readHead(rest, this.#lenient);
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

/**
 * Searches a body for a text. Reads may split it anywhere, so the bytes that could begin the text are kept between
 * them.
 */
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
