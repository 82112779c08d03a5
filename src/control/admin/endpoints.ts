/**
 * control/admin/endpoints.ts: every endpoint of the admin interface; only the dashboard's files are served elsewhere.
 */
import * as z from 'zod';
import { certificateEndpoints } from './certificates.js';
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { healthEndpoints } from './health.js';
import { maintenanceEndpoints } from './maintaining.js';
import { operatingEndpoints } from './operating.js';
import { overviewEndpoints } from './overview.js';
import { poolEndpoints } from './pools.js';
import { reloadEndpoints } from './reloading.js';

const description = endpoint({
  method: 'get',
  path: '/openapi.json',
  id: 'getDescription',
  summary: 'This OpenAPI document',
  tag: 'balancer',
  answers: { 200: json('An OpenAPI 3.1 document.', z.looseObject({ openapi: z.literal('3.1.0') })) },
  handle: async () => {
    // The generator is loaded with the first request for the document: most balancers never get one.
    const [{ openApiDocument }, { VERSION }] = await Promise.all([
      import('./openapi/document.js'),
      import('../../version.js'),
    ]);
    return reply(200, openApiDocument(ENDPOINTS, VERSION));
  },
});

export const ENDPOINTS: readonly Endpoint[] = [
  ...healthEndpoints,
  description,
  ...overviewEndpoints,
  ...reloadEndpoints,
  ...operatingEndpoints,
  ...maintenanceEndpoints,
  ...certificateEndpoints,
  ...poolEndpoints,
];
