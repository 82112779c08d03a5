/** control/admin/maintaining.ts: endpoints that show and switch maintenance. */
import * as z from 'zod';
import { jsonBody } from './body.js';
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { maintainedAnswer, maintenanceAnswer } from './openapi/answers.js';

const change = z
  .strictObject({
    on: z.boolean().describe('Whether it is to be in maintenance.'),
    route: z.string().optional().describe('Name of a route.'),
    pool: z.string().optional().describe('Name of a pool.'),
  })
  .meta({ id: 'MaintenanceChange' });

export const maintenanceEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/api/maintenance',
    id: 'getMaintenance',
    summary: 'What is in maintenance',
    tag: 'balancer',
    answers: { 200: json('Everything, or routes and pools by name.', maintenanceAnswer) },
    handle: ({ source }) => reply(200, source.maintenance),
  }),
  endpoint({
    method: 'patch',
    path: '/api/maintenance',
    id: 'maintain',
    summary: 'Puts everything, a route or a pool in maintenance, or takes it out',
    description:
      'Requests to what is in maintenance are answered with 503 and the maintenance page. Without `route` and `pool` ' +
      'the switch is that of the whole balancer; switches of routes and pools keep their state then.',
    tag: 'balancer',
    body: jsonBody(change),
    answers: { 200: json('What is in maintenance now.', maintainedAnswer) },
    problems: [404],
    handle: async ({ source, body: { on, ...target } }) => {
      source.maintain(target, on);
      const { saved = null, ...problem } = (await source.saved()) ?? {};
      return reply(200, { ...source.maintenance, saved, ...problem });
    },
  }),
];
