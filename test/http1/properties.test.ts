import { expect } from 'chai';
import fc from 'fast-check';
import { forwardRequestHead } from '../../src/http1/forward-request.js';
import { forwardResponseHead } from '../../src/http1/forward-response.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { nearlyRightHead } from './generated-heads.js';
import { bytesOf, expectSameForPrefixes, LIMITS, lines, PLAIN } from './heads.js';

const SMALL = { headBytes: 96, fields: 3 };
const STRANGER = { address: '192.0.2.7', proto: 'http', trusted: false } as const;
const KEEPS = { minorVersion: 1, keepAlive: true, dechunk: false } as const;

const wire = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('\r', '\n', '\r\n', ' ', ':', 'a', '\0', '\u0100'), maxLength: 40 }),
  nearlyRightHead,
);
const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_!'), minLength: 1, maxLength: 20 });
const value = fc.string({ unit: fc.constantFrom(...'az09 ,;=/"\t\x80\xff'), maxLength: 30 });
const fieldLine = fc.tuple(name, value).map(([key, text]) => `Z${key}:${text}`);

describe('Any text at all', () => {
  it('is read or refused, and never breaks the reader of requests', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n'), wire, (start, rest) => {
        const head = new RequestHead();
        const text = start + rest;
        if (parseRequestHead(text, bytesOf(text), LIMITS, head) !== 'complete') return;
        expect(text.slice(head.length - 4, head.length)).to.equal('\r\n\r\n');
        expect(forwardRequestHead(head, STRANGER, 'b')).to.match(/ HTTP\/1\.1\r\n.*\r\n\r\n$/s);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is read or refused, and never breaks the reader of responses', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n'), wire, (start, rest) => {
        const head = new ResponseHead();
        const text = start + rest;
        const result = parseResponseHead(text, bytesOf(text), LIMITS, PLAIN, head);
        if (typeof result === 'object') expect(result.status).to.equal(502);
        if (result !== 'complete') return;
        expect(forwardResponseHead(head, KEEPS)).to.match(/^HTTP\/1\.1 \d{3} .*\r\n\r\n$/s);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is judged the same by its prefixes, within the limits and past them', () => {
    fc.assert(
      fc.property(wire, fc.constantFrom(LIMITS, SMALL), (text, limits) => {
        const head = new RequestHead();
        expectSameForPrefixes(text, (part) => parseRequestHead(part, bytesOf(part), limits, head), lengthOf(text));
      }),
      { numRuns: 500 },
    );
  });
});

function lengthOf(text: string): number {
  const head = new RequestHead();
  return parseRequestHead(text, bytesOf(text), LIMITS, head) === 'complete' ? head.length : text.length;
}

describe('What is forwarded', () => {
  it('reads back as the request it was, and stays as it is when forwarded again', () => {
    fc.assert(
      fc.property(nearlyRightHead, (text) => {
        const [before, after] = [new RequestHead(), new RequestHead()];
        if (parseRequestHead(text, bytesOf(text), LIMITS, before) !== 'complete') return;
        const once = forwardRequestHead(before, STRANGER, 'b');
        expect(parseRequestHead(once, bytesOf(once), LIMITS, after)).to.equal('complete');
        expect(after.length).to.equal(once.length);
        const { method, target, framing, contentLength, upgrade } = before;
        expect(after).to.include({ method, target, framing, contentLength, upgrade, minorVersion: 1 });
        expect(after.host).to.equal(before.host === '' ? 'b' : before.host);
        // A request without Host gets one, so forwarding it again adds X-Forwarded-Host.
        if (before.host === '') return;
        const twice = forwardRequestHead(after, STRANGER, 'b');
        expect(twice.split('\r\n').sort()).to.deep.equal(once.split('\r\n').sort());
      }),
      { numRuns: 2_000 },
    );
  });

  it('has every end-to-end field of a request and of a response, in order and unchanged', () => {
    fc.assert(
      fc.property(fc.array(fieldLine, { maxLength: 60 }), (fields) => {
        const [request, response] = [new RequestHead(), new ResponseHead()];
        const asked = lines('GET / HTTP/1.1', 'Host: a', ...fields);
        expect(parseRequestHead(asked, bytesOf(asked), LIMITS, request)).to.equal('complete');
        const start = asked.slice(0, -2);
        expect(forwardRequestHead(request, STRANGER, '').startsWith(start)).to.equal(true);
        const answered = lines('HTTP/1.1 200 OK', ...fields);
        expect(parseResponseHead(answered, bytesOf(answered), LIMITS, PLAIN, response)).to.equal('complete');
        expect(forwardResponseHead(response, KEEPS)).to.equal(answered);
      }),
    );
  });
});
