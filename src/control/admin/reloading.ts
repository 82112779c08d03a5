/** control/admin/reloading.ts: endpoints that reload the configuration file, and show what another one would change. */
import { MAX_FILE_BYTES } from '../../config/read-file.js';
import { planRows } from '../reload-text.js';
import { configBody, emptyBody } from './body.js';
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { diffAnswer, reloadAnswer } from './openapi/answers.js';

/** Limit of a configuration as JSON: with every default written out it is several times the YAML file. */
const CONFIG_MAX_BYTES = 8 * MAX_FILE_BYTES;

export const reloadEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'post',
    path: '/api/reload',
    id: 'reload',
    summary: 'Reads the configuration file again and applies it',
    description:
      'Applies the whole file or nothing. Connections, health and requests in flight of what does not change are kept.',
    tag: 'balancer',
    body: emptyBody(),
    answers: {
      200: json('The changes made; every worker listens on the addresses of the new configuration.', reloadAnswer),
    },
    problems: [400, 409],
    handle: async ({ source }) => {
      const plan = await source.reload();
      return reply(200, { ...plan, changes: planRows(plan) });
    },
  }),
  endpoint({
    method: 'post',
    path: '/api/diff',
    id: 'diff',
    summary: 'What a reload of another configuration would change',
    description: 'Flags and environment variables of the running balancer override it, as they do for a file.',
    tag: 'balancer',
    body: configBody(CONFIG_MAX_BYTES),
    answers: { 200: json('The changes that a reload would make; nothing has changed.', diffAnswer) },
    handle: async ({ source, body }) => {
      const preview = await source.preview(body);
      return reply(200, { ...preview, changes: planRows(preview) });
    },
  }),
];
