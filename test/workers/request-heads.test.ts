/** test/workers/request-heads.test.ts: request heads that are parsed into again and again. */
import { expect } from 'chai';
import { parseRequestHead } from '../../src/http1/request-head.js';
import { RequestHeads } from '../../workers/http/request-heads.js';
import { bytesOf, LIMITS } from '../http1/heads.js';

const TEXT =
  'PROPFIND /a/long/enough/target HTTP/1.1\r\nHost: long-enough.site.test\r\nX-Request-Id: long-enough-id\r\n\r\n';

describe('A request head that was given back', () => {
  it('keeps no part of its text, which would keep all of it in memory', () => {
    const heads = new RequestHeads();
    const head = heads.take();
    expect(parseRequestHead(TEXT, bytesOf(TEXT), LIMITS, head)).to.equal('complete');
    heads.give(head);
    const values: unknown[] = [...Object.values(head), ...Object.values(head.fields)];
    const parts = values.filter((each) => typeof each === 'string' && each !== '' && TEXT.includes(each));
    expect(parts).to.deep.equal([]);
  });
});
