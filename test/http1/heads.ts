/** test/http1/heads.ts: what the parser tests share: heads in, one comparable outcome out. */
import { expect } from 'chai';
import type { HeadResult } from '../../src/http1/fault.js';
import type { HeadLimits } from '../../src/http1/limits.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, type ResponseContext, ResponseHead } from '../../src/http1/response-head.js';

export const LIMITS: HeadLimits = { headBytes: 16_384, fields: 128 };
export const PLAIN: ResponseContext = { isHead: false, upgrade: false };

/** The bytes of `text` as a reader gets them, with others behind them that it must not look at. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(`${text}\0: \r\n\r\n`, 'latin1');
}

/** Lines as they are on the wire, with the empty line that ends a head. */
export function lines(...list: readonly string[]): string {
  return `${list.join('\r\n')}\r\n\r\n`;
}

export function requestOf(text: string, limits = LIMITS): RequestHead {
  const head = new RequestHead();
  expect(parseRequestHead(text, bytesOf(text), limits, head)).to.equal('complete');
  return head;
}

export function responseOf(text: string, request = PLAIN): ResponseHead {
  const head = new ResponseHead();
  expect(parseResponseHead(text, bytesOf(text), LIMITS, request, head)).to.equal('complete');
  return head;
}

/** The promise that lets a caller parse from scratch on every read: a prefix never says anything else than the whole. */
export function expectSameForPrefixes(text: string, parse: (text: string) => HeadResult, length: number): void {
  const whole = parse(text);
  for (let end = 0; end < text.length; end++) {
    const part = parse(text.slice(0, end));
    if (whole === 'complete' && end >= length) expect(part, `first ${end}`).to.equal('complete');
    else if (part !== 'incomplete' || whole === 'complete') {
      expect(part, `first ${end}`).to.equal(whole === 'complete' ? 'incomplete' : whole);
    }
  }
}

/** `status reason`, as the tables write a fault. */
export function named(result: HeadResult): string {
  return typeof result === 'string' ? result : `${result.status} ${result.reason}`;
}
