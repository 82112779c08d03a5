/** test/routing/path.test.ts: no spelling of a path gets past the route that guards it, whatever a backend makes of it. */
import { expect } from 'chai';
import fc from 'fast-check';
import { isPlainPath, plainPath, readingsOf, restAfter } from '../../src/routing/path.js';
import { type Match, Router } from '../../src/routing/router.js';
import { findIn, slowly } from './routed.js';

const GUARDED: readonly Match[] = [
  { path: '/' },
  { path: '/admin' },
  { path: '/public/docs' },
  { exactPath: '/public/docs/x' },
  { path: '/admin/x' },
];
const router = new Router(GUARDED.map((match, route) => ({ match, route })));

describe('A path that can be read in two ways', () => {
  const refused = [
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/.%2E/admin',
    '/public/%2e%2e%2fadmin',
    '/public/..%5cadmin',
    '/public/..\\admin',
    '/public/..;/admin',
    '/public/..;x=1/admin',
    '/public/%252e%252e/admin',
    '/public/%25252e%25252e/admin',
    '/./admin',
    '/%2e/admin',
    '//admin',
    '/%2fadmin',
    '/admin%2fx/y',
    '/\\admin',
    '/admin;v=1/x',
    '/;/admin',
    '/admin%3bv=1',
    '/x;a%2fadmin/../y',
    '/public/docs;a%2fx',
    '/admin%00',
    '/%c0%afadmin',
    '/%zz',
    '/%',
    '/%a',
    `/%${'25'.repeat(50)}2e`,
    '/admin%3fx',
    '/admin%253f',
    '/admin%23',
    '/public/docs%3f/x',
    '/x;%3f/admin/../y',
    '/admin%0d%0a',
    '/x%250ay',
    '/x%7f',
    '/%e0%80%afadmin',
    '/%f0%80%80%af',
    '/%25e0%2580%25af',
    '/caf%e9',
    '/%ef%bc%8fadmin',
    '/x/%e2%80%a5/admin',
    '/%ef%bc%852fx',
  ];
  for (const path of refused) {
    it(`is found no route for: ${path.slice(0, 40)}`, () =>
      expect(findIn(router, { target: path })).to.equal('ambiguous'));
  }

  const harmless: readonly (readonly [string, number])[] = [
    ['/group%2Fproject', 0],
    ['/@scope%2fname', 0],
    ['/x//y', 0],
    ['/admin//y', 1],
    ['/admin/y;jsessionid=1', 1],
    ['/x;v=1/y', 0],
    ['/...', 0],
    ['/..x', 0],
    ['/.well-known/..x', 0],
    ['/%61dmin/y', 1],
    ['/caf%C3%A9', 0],
    ['/100%25', 0],
    ['/a%5cb', 0],
    ['/what%3f', 0],
    ['/c%23/x', 0],
    ['/admin/what%3F', 1],
    ['/%c2%bd', 0],
    ['/cafe%cc%81', 0],
  ];
  for (const [path, route] of harmless) {
    it(`is let through where it makes no difference: ${path}`, () =>
      expect(findIn(router, { target: path })).to.equal(route));
  }

  it('means the same to every kind of backend, if it is let through', () => {
    const part = fc.constantFrom(
      ...['/', '/', '/', 'admin', 'public', 'docs', 'x', '..', '.', '%2e', '%2E%2e', '%2f', '%5C', '\\', ';', ';v=1'],
      ...[
        '%3b',
        '%61dmin',
        '%252e',
        '%252f',
        '%255c',
        '%25',
        '%253b',
        '%3f',
        '%253F',
        '%23',
        '//',
        '/admin',
        '/public/docs',
        '/public/docs/x',
      ],
    );
    let passed = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = `/${parts.join('')}`;
        const found = findIn(router, { target: path });
        if (found === 'ambiguous') return;
        passed += 1;
        for (const reading of new Set(BACKENDS.map((read) => read(path)))) {
          const asked = { method: 'GET', host: 'any.example', target: path, fields: [] };
          expect(slowly(GUARDED, asked, reading), `${path} read as ${reading}`).to.equal(found);
        }
      }),
      { numRuns: 4_000, seed: 20261124 },
    );
    expect(passed).to.be.greaterThan(500);
  });

  it('takes no longer the deeper it is encoded', () => {
    expect(readingsOf(`/${'%25'.repeat(600)}`)).to.be.an('array');
    expect(readingsOf(`/%${'25'.repeat(900)}2e`)).to.equal(undefined);
    expect(readingsOf(`/${'x'.repeat(2_047)}`)).to.be.an('array');
    expect(readingsOf(`/${'x'.repeat(2_048)}`)).to.equal(undefined);
  });
});

describe('A path of a configuration', () => {
  it('is compared decoded', () => expect(plainPath('/a%20%62')).to.equal('/a b'));
  for (const path of [
    '//a',
    '/a/../b',
    '/a;b',
    '/a%2fb',
    '/a\\b',
    '/a%5cb',
    '/%25',
    '/%zz',
    '/%00',
    '/a%3f',
    '/a%23',
    '/caf%e9',
  ]) {
    it(`cannot be ${path}`, () => expect(plainPath(path)).to.equal(undefined));
  }
});

describe('What is behind a matched prefix', () => {
  it('is the path as it was sent', () => {
    expect(restAfter('/api/x%2Fy', 4)).to.equal('/x%2Fy');
    expect(restAfter('/%61pi/x', 4)).to.equal('/x');
    expect(restAfter('/api', 4)).to.equal('');
    expect(restAfter('/x', 0)).to.equal('/x');
  });
});

describe('A plain path', () => {
  it('is one whose readings are all the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(\/[a-z.%;\\]{0,3}){1,4}$/), (path) => {
        if (isPlainPath(path)) expect(new Set(readingsOf(path))).to.deep.equal(new Set([path]));
      }),
      { numRuns: 5_000, seed: 7 },
    );
  });
});

type Step = (path: string) => string;
const same: Step = (path) => path;
const decoded: Step = (path) => Buffer.from(unescapeAll(path), 'latin1').toString('latin1');
const unreserved: Step = (path) =>
  path.replaceAll(/%[0-9a-f]{2}/gi, (triplet) =>
    /[\w.~-]/.test(unescapeAll(triplet)) ? unescapeAll(triplet) : triplet,
  );
const cutParameters: Step = (path) => path.replaceAll(/;[^/]*/g, '');
const upToQuery: Step = (path) => path.replace(/[?#].*/s, '');
const slashed: Step = (path) => path.replaceAll('\\', '/');
const merged: Step = (path) => path.replaceAll(/\/+/g, '/');

function unescapeAll(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** RFC 3986 section 5.2.4. */
function climbed(path: string): string {
  const out: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') out.pop();
    else if (segment !== '.') out.push(segment);
  }
  return `/${out.join('/')}`;
}

/** Every order in which servers do these things, each thing done or left undone. */
const BACKENDS: readonly Step[] = [same, cutParameters].flatMap((first) =>
  [same, unreserved, decoded, (path: string) => decoded(decoded(path))].flatMap((decode) =>
    [same, upToQuery].flatMap((split) =>
      [same, slashed].flatMap((slash) =>
        [same, cutParameters].flatMap((cut) =>
          [same, merged].flatMap((merge) =>
            [same, climbed].map(
              (climb): Step =>
                (path) =>
                  canonical(climb(merge(cut(slash(split(decode(first(path)))))))),
            ),
          ),
        ),
      ),
    ),
  ),
);

/** What is still encoded is no other resource than what it stands for, but for separators. */
function canonical(path: string): string {
  return unreserved(path);
}
