/** test/config/routing-docs.test.ts: what docs/routing.md shows works as it stands. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ConfigDocument } from '../../src/config/document.js';
import { configOf } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { Router } from '../../src/routing/router.js';
import { type Asked, findIn } from '../routing/routed.js';

const load = (text: string): Config => configOf({ backends: [] }, {}, new ConfigDocument(text, 'f'));

describe('docs/routing.md', () => {
  const page = readFileSync('docs/routing.md', 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);

  it('has examples', () => expect(examples.length).to.be.at.least(5));
  for (const [index, text] of examples.entries()) {
    it(`has example ${index + 1} as a whole configuration`, () => expect(load(text).pools).to.have.property('web'));
  }
});

describe('examples/routes.yaml', () => {
  const routes = load(readFileSync('examples/routes.yaml', 'utf8')).routes ?? [];
  const router = new Router(routes.map((match, route) => ({ match, route })));
  const cases: readonly (readonly [Asked, number | string])[] = [
    [{ host: 'api.shop.example', target: '/v1/orders' }, 0],
    [{ host: 'www.shop.example', target: '/admin/users' }, 1],
    [{ host: 'www.shop.example', target: '/login', method: 'POST' }, 2],
    [{ host: 'www.shop.example', target: '/login' }, 3],
    [{ host: 'shop.example' }, 4],
    [{ host: 'api.shop.example', target: '/v2' }, 'none'],
    [{ host: 'www.shop.example', target: '/x/..%2fadmin' }, 'ambiguous'],
  ];
  for (const [asked, route] of cases) {
    it(`sends ${JSON.stringify(asked)} to ${route}`, () => expect(findIn(router, asked)).to.equal(route));
  }
});
