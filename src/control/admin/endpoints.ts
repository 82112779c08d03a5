/** control/admin/endpoints.ts: all that may be asked of the admin interface, the dashboard's files apart. */
import * as z from 'zod';
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { healthEndpoints } from './health.js';
import { operatingEndpoints } from './operating.js';
import { overviewEndpoints } from './overview.js';
import { poolEndpoints } from './pools.js';
import { reloadEndpoints } from './reloading.js';

const description = endpoint({
  method: 'get',
  path: '/openapi.json',
  id: 'getDescription',
  summary: 'This description',
  tag: 'balancer',
  answers: { 200: json('An OpenAPI 3.1 document.', z.looseObject({ openapi: z.literal('3.1.0') })) },
  handle: async () => {
    // Loaded only when somebody asks for it.
    const [{ openApiDocument }, { productVersion }] = await Promise.all([
      import('./openapi/document.js'),
      import('../../version.js'),
    ]);
    return reply(200, openApiDocument(ENDPOINTS, productVersion()));
  },
});

export const ENDPOINTS: readonly Endpoint[] = [
  ...healthEndpoints,
  description,
  ...overviewEndpoints,
  ...reloadEndpoints,
  ...operatingEndpoints,
  ...poolEndpoints,
];
