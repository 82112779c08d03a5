import { expect } from 'chai';
import fc from 'fast-check';
import { LENIENT_RULES, type LenientRule } from '../../src/core/lenient-rules.js';
import type { HeadResult } from '../../src/http1/fault.js';
import { type Mending, mendRequest, mendResponse } from '../../src/http1/mend.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { parseResponseHead, ResponseHead } from '../../src/http1/response-head.js';
import { nearlyRightHead } from './generated-heads.js';
import { bytesOf, LIMITS, named, PLAIN } from './heads.js';

const MOST = LIMITS.headBytes;

const strictRequest = (text: string, head = new RequestHead()): HeadResult =>
  parseRequestHead(text, bytesOf(text), LIMITS, head);
const strictResponse = (text: string, head = new ResponseHead()): HeadResult =>
  parseResponseHead(text, bytesOf(text), LIMITS, PLAIN, head);

/** What the mender makes of a text that the strict parser refuses. */
function mendedRequest(text: string, rules: readonly LenientRule[] = LENIENT_RULES): Mending {
  const fault = strictRequest(text);
  return typeof fault === 'object' ? mendRequest(text, fault, rules, MOST) : undefined;
}

function mendedResponse(text: string, rules: readonly LenientRule[] = LENIENT_RULES): Mending {
  const fault = strictResponse(text);
  return typeof fault === 'object' ? mendResponse(text, fault, rules, MOST) : undefined;
}

/** The mended text, if the strict parser accepts it; otherwise the fault. */
function outcome(mending: Mending, strict: (text: string) => HeadResult): string {
  if (typeof mending !== 'object') return mending ?? 'refused';
  const result = strict(mending.text);
  return result === 'complete' ? mending.text : named(result);
}

const request = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

describe('The mender of requests', () => {
  for (const [what, target, encoded] of [
    ['two bytes', bytes('/é'), '/%C3%A9'],
    ['three and four bytes', bytes('/€/😀?q=ü'), '/%E2%82%AC/%F0%9F%98%80?q=%C3%BC'],
    ['what is encoded already beside it', bytes('/%20ä%zz'), '/%20%C3%A4%zz'],
    ['a URL', bytes('http://a/ä'), 'http://a/%C3%A4'],
  ] as const) {
    it(`percent-encodes UTF-8 in the target: ${what}`, () => {
      expect(outcome(mendedRequest(request(target)), strictRequest)).to.equal(request(encoded));
    });
  }

  for (const [what, target] of [
    ['Latin-1', '/\xe9'],
    ['an overlong slash', '/\xc0\xaf'],
    ['half a pair of UTF-16', '/\xed\xa0\x80'],
    ['a control character', '/\xc2\x85'],
    ['a sequence that is cut', '/\xe2\x82'],
    ['a fragment', bytes('/ä#x')],
    ['a tab', bytes('/ä\tx')],
    ['no UTF-8, but a target that has no form', 'nowhere'],
    ['a byte order mark in front of the path', bytes('\ufeff/')],
    ['UTF-8 in the host', bytes('http://ä/')],
  ] as const) {
    it(`leaves a target refused that has ${what}`, () => {
      expect(outcome(mendedRequest(request(target)), strictRequest)).to.be.oneOf(['refused', '400 bad-target']);
    });
  }

  it('waits for the end of the target, as far as a head may go', () => {
    const text = request(bytes('/€'));
    for (let end = 5; end < text.indexOf(' HTTP'); end++) {
      expect(mendedRequest(text.slice(0, end)) ?? 'incomplete', `first ${end}`).to.equal('incomplete');
    }
    const endless = `GET /${bytes('ä').repeat(MOST)}`;
    expect(outcome(mendedRequest(endless), strictRequest)).to.equal('refused');
  });

  it('does nothing about any other fault, nor unless its rule is named', () => {
    const others = LENIENT_RULES.filter((rule) => rule !== 'utf8-target');
    expect(mendedRequest(request(bytes('/é')), others)).to.equal(undefined);
    expect(mendedRequest(`GET /${bytes('é')} HTTP/1.1\nHost: a\r\n\r\n`)).to.have.property('added', 4);
    for (const text of [
      'GET / HTTP/1.1\nHost: a\n\n',
      'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
      ' GET / HTTP/1.1\r\n\r\n',
    ]) {
      expect(mendedRequest(text), text).to.equal(undefined);
    }
  });

  it('changes nothing but bytes of the target, whatever comes', () => {
    fc.assert(
      fc.property(nearlyRightHead, fc.string({ unit: 'grapheme', maxLength: 5 }), (head, extra) => {
        const text = head.replace('/', () => `/${bytes(extra)}`);
        const mending = mendedRequest(text);
        if (typeof mending !== 'object') return;
        const after = mending.text;
        expect(
          after.replace(/%[0-9A-F]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16))),
        ).to.equal(text.replace(/%[0-9A-F]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16))));
        const ends = [text, after].map((each) => each.indexOf('\n', 2));
        expect(after.slice(ends[1])).to.equal(text.slice(ends[0]));
        expect(after.length - text.length).to.equal(mending.added);
        expect(mendedRequest(after), 'a second time').to.equal(undefined);
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('The mender of responses', () => {
  const OK = 'HTTP/1.1 200 OK';
  const MENDED: readonly (readonly [LenientRule, string, string])[] = [
    ['response-bare-lf', `${OK}\nA: b\r\nC: d\n\nbody`, `${OK}\r\nA: b\r\nC: d\r\n\r\nbody`],
    ['response-line-folding', `${OK}\r\nA: b\r\n\t c\r\n  d\r\nE: f\r\n\r\n`, `${OK}\r\nA: b c d\r\nE: f\r\n\r\n`],
    ['response-space-before-colon', `${OK}\r\nContent-Length \t: 2\r\n\r\nok`, `${OK}\r\nContent-Length: 2\r\n\r\nok`],
    ['response-bad-field-name', `${OK}\r\nX y: 1\r\nno colon\r\n: 2\r\nA: b\r\n\r\n`, `${OK}\r\nA: b\r\n\r\n`],
  ];
  for (const [rule, text, mended] of MENDED) {
    it(`gives what the strict parser takes, for ${rule} and for no other rule`, () => {
      expect(outcome(mendedResponse(text, [rule]), strictResponse)).to.equal(mended);
      const others = LENIENT_RULES.filter((each) => each !== rule);
      expect(mendedResponse(text, others)).to.equal(undefined);
    });
  }

  it('mends all that the rules allow in one head, and leaves out what continues a line that it leaves out', () => {
    const text = `${OK}\nX y: 1\n more\nA : b\n\tc\n\n`;
    expect(outcome(mendedResponse(text), strictResponse)).to.equal(`${OK}\r\nA: b c\r\n\r\n`);
  });

  for (const [what, text] of [
    ['a length that is folded', `${OK}\r\nContent-Length:\r\n 2\r\n\r\n`],
    ['a coding that is folded', `${OK}\r\nTransfer-Encoding: x\r\n chunked\r\n\r\n`],
    ['a length in a folded line', `${OK}\r\nA: b\r\n Content-Length: 2\r\n\r\n`],
    ['a field in front of all others that is folded', `${OK}\r\n A: b\r\n\r\n`],
    ['a folded line that is blank', `${OK}\r\nA: b\r\n \r\n\r\n`],
    ['a length with a bad name', `${OK}\r\nContent Length: 2\r\n\r\n`],
    ['a coding with a bad name', `${OK}\r\n\x0bTransfer-Encoding: chunked\r\n\r\n`],
    ['another response in it', `${OK}\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n`],
    ['a CR alone', `${OK}\nA: b\rC: d\n\n`],
    ['two lengths', `${OK}\nContent-Length : 2\nContent-Length: 3\n\n`],
    ['a length and a coding', `${OK}\nContent-Length: 2\nTransfer-Encoding: chunked\n\n`],
    ['no status line', '\nA: b\n\n'],
  ] as const) {
    it(`leaves a head refused that has ${what}`, () => {
      const result = outcome(mendedResponse(text), strictResponse);
      expect(result).to.match(/^(refused|502 .*)$/);
    });
  }

  it('waits for the end of the head, as far as a head may go', () => {
    const text = `${OK}\nA: b\r\n c\n\r\n`;
    for (let end = 16; end < text.length; end++) {
      expect(mendedResponse(text.slice(0, end)) ?? 'incomplete', `first ${end}`).to.equal('incomplete');
    }
    expect(mendedResponse(`${OK}\n${'A: b\n'.repeat(MOST / 5)}`)).to.equal(undefined);
    expect(outcome(mendedResponse(`${OK}\n${'A:\n'.repeat(MOST / 3 - 10)}\n`), strictResponse)).to.match(/^502/);
  });

  const PIECES = [
    ...['\n', '\r\n', '\r', ' ', '\t', ':', 'A', 'a b', '\0', '\x0b', '\xa0', 'HTTP/1.1 200 OK', 'x: y', ' : '],
    ...['Content-Length: 2', 'content-length :2', 'Content-Length', 'Transfer-Encoding: chunked', 'Content Length:3'],
    ...['\r\nB: c\r\n', '\nD : e\n', '\n f\n', '\r\n\r\n', '\n\n'],
  ] as const;
  const wire = fc
    .array(fc.constantFrom(...PIECES), { maxLength: 14 })
    .map((pieces) => `${OK}\r\n${pieces.join('')}\r\n\r\n`);
  const someRules = fc.subarray([...LENIENT_RULES]);

  /** Values of framing fields as the most lenient reader finds them: any line end, any space, any spelling. */
  function framingIn(head: string): string[] {
    return head.split(/\r?\n/).flatMap((line) => {
      const found = /^(content-length|transfer-encoding)[ \t]*:[ \t]*(.*?)[ \t]*$/i.exec(line);
      return found === null ? [] : [`${found[1]?.toLowerCase()}: ${found[2]}`];
    });
  }

  it('never changes what frames the body, whatever comes', () => {
    let mended = 0;
    fc.assert(
      fc.property(wire, someRules, (text, rules) => {
        const mending = mendedResponse(text, rules);
        if (typeof mending !== 'object') return;
        const head = new ResponseHead();
        const result = strictResponse(mending.text, head);
        expect(result, 'a mended head is whole').to.not.equal('incomplete');
        if (result !== 'complete') return;
        mended += 1;
        const taken = head.length - mending.added;
        expect(mending.text.slice(head.length)).to.equal(text.slice(taken));
        expect(framingIn(mending.text.slice(0, head.length))).to.deep.equal(framingIn(text.slice(0, taken)));
        expect(text.slice(0, taken)).to.match(/\n\r?\n$/);
      }),
      { numRuns: 4_000 },
    );
    expect(mended, 'heads that were mended').to.be.greaterThan(100);
  });

  it('says the same of a head whatever follows it', () => {
    fc.assert(
      fc.property(wire, fc.string({ unit: 'binary-ascii', maxLength: 8 }), (text, rest) => {
        const [first, second] = [mendedResponse(text), mendedResponse(text + rest)];
        if (typeof first !== 'object') return;
        expect(second).to.deep.equal({ text: first.text + rest, added: first.added });
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves a head as it is that has nothing to mend', () => {
    const text = `${OK}\r\nA:  b \r\nContent-Length: 2\r\n\r\nok`;
    for (const reason of ['bare-lf', 'line-folding', 'space-before-colon', 'bad-field-name']) {
      const mending = mendResponse(text, { status: 502, reason, detail: '' }, LENIENT_RULES, MOST);
      expect(mending).to.deep.equal({ text, added: 0 });
    }
  });
});
