import { expect } from 'chai';
import { Hono } from 'hono';
import * as z from 'zod';
import { type AdminParts, endpoint, json, mount, type OnNode, raw, reply } from '../../src/control/admin/endpoint.js';
import { errorAnswer } from '../../src/control/admin/openapi/answers.js';

const SHOWN = { method: 'get', path: '/api/pools/{pool}', id: 'show', summary: '', tag: 'pools' } as const;

/** None of the handlers here looks at a balancer. */
const NO_PARTS = {} as AdminParts;

describe('An endpoint of the admin interface', () => {
  it('is one definition: a handler that answers anything else does not compile', () => {
    const answers = { 200: json('', errorAnswer, { ETag: '' }) };
    const headers = { ETag: '"1"' };
    const definitions = [
      () => endpoint({ ...SHOWN, answers, handle: ({ params }) => reply(200, { error: params.pool }, headers) }),
      // @ts-expect-error a parameter that the path does not have
      () => endpoint({ ...SHOWN, answers, handle: ({ params }) => reply(200, { error: params.id }, headers) }),
      // @ts-expect-error a status that is not declared
      () => endpoint({ ...SHOWN, answers, handle: () => reply(201, { error: '' }, headers) }),
      // @ts-expect-error a value that is not what the schema says
      () => endpoint({ ...SHOWN, answers, handle: () => reply(200, { error: 1 }, headers) }),
      // @ts-expect-error a declared header field is missing
      () => endpoint({ ...SHOWN, answers, handle: () => reply(200, { error: '' }) }),
      // @ts-expect-error a body where none is declared
      () => endpoint({ ...SHOWN, answers, handle: ({ body }) => reply(200, { error: body.error }, headers) }),
      // @ts-expect-error text where JSON is declared
      () => endpoint({ ...SHOWN, answers, handle: ({ context }) => context.text('') }),
    ];
    expect(definitions.map((define) => define().id)).to.have.lengthOf(7);
  });

  it('gives its handler parameters and query as they were declared, and refuses others in one sentence', async () => {
    const app = new Hono<OnNode>();
    const shown = endpoint({
      ...SHOWN,
      query: z.object({ format: z.enum(['json', 'yaml']).default('json') }),
      answers: { 200: raw('', { 'text/plain': 'text' }) },
      handle: ({ context, params, query }) => context.text(`${params.pool} as ${query.format}`),
    });
    mount(app, [shown], NO_PARTS);
    app.onError((error, context) => context.text(error.message, 400));
    const ask = async (path: string): Promise<string> => (await app.request(path)).text();
    expect(await ask('/api/pools/a%2Fb')).to.equal('a/b as json');
    expect(await ask('/api/pools/web?format=yaml')).to.equal('web as yaml');
    expect(await ask('/api/pools/web?format=toml')).to.equal('"format": "toml" is not known; write json or yaml');
  });
});
