import { expect } from 'chai';
import fc from 'fast-check';
import { cookieValue } from '../../src/http1/cookie.js';
import { fieldValue } from '../../src/http1/find-field.js';
import { lines, requestOf } from './heads.js';

function withFields(...fields: readonly string[]): string {
  return lines('GET / HTTP/1.1', 'Host: site.test', ...fields);
}

function cookie(name: string, ...fields: readonly string[]): string {
  const text = withFields(...fields);
  return cookieValue(requestOf(text).fields, name);
}

describe('A cookie', () => {
  for (const [what, fields, value] of [
    ['alone', ['Cookie: rh=abc'], 'abc'],
    ['first of several', ['Cookie: rh=abc; theme=dark'], 'abc'],
    ['last of several', ['Cookie: theme=dark; rh=abc'], 'abc'],
    ['in a second field', ['Cookie: theme=dark', 'cookie: rh=abc'], 'abc'],
    ['twice, where the first counts', ['Cookie: rh=abc; rh=xyz'], 'abc'],
    ['without the space', ['Cookie: theme=dark;rh=abc'], 'abc'],
    ['with more space', ['Cookie:  theme=dark ;\t rh=abc \t; x=1'], 'abc'],
    ['with an equals sign in its value', ['Cookie: rh=a=b='], 'a=b='],
    ['in quotes', ['Cookie: rh="abc"'], '"abc"'],
    ['empty', ['Cookie: rh=; x=1'], ''],
  ] as const) {
    it(`is found ${what}`, () => {
      expect(cookie('rh', ...fields)).to.equal(value);
    });
  }

  it('is not one whose name only begins or ends the same, or is spelt otherwise', () => {
    for (const pairs of ['rhx=1', 'xrh=1', 'RH=1', 'rh', 'x=rh=1', 'x=1 rh=2', '=rh', '; ;', ';;=']) {
      expect(cookie('rh', `Cookie: ${pairs}`), pairs).to.equal('');
    }
    expect(cookie('rh')).to.equal('');
    expect(cookie('rh', 'X-Cookie: rh=1')).to.equal('');
  });

  it('is found in any list of pairs', () => {
    const name = fc.stringMatching(/^[a-z]{1,3}$/);
    const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,5}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 }), (pairs) => {
        const field = `Cookie: ${pairs.map((pair) => pair.join('=')).join('; ')}`;
        for (const [wanted] of pairs) {
          expect(cookie(wanted, field)).to.equal(pairs.find(([each]) => each === wanted)?.[1]);
        }
      }),
    );
  });
});

describe('A field', () => {
  const text = withFields('X-User: 7', 'x-user: 8', 'X-User-Id: 9', 'Empty:');
  const value = (name: string): string => fieldValue(requestOf(text).fields, name);

  it('is found by its name in any case, the first of several', () => {
    expect(value('x-user')).to.equal('7');
    expect(value('x-user-id')).to.equal('9');
    expect(value('host')).to.equal('site.test');
  });

  it('has no value when it is empty or not there', () => {
    expect(value('empty')).to.equal('');
    expect(value('x-use')).to.equal('');
  });
});
