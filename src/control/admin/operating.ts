/**
 * control/admin/operating.ts: endpoints for the balancer as a whole: its configuration and routes, the rolling
 * replacement of its workers, its log level.
 */
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import * as z from 'zod';
import { effectiveForm, effectiveYaml } from '../../config/effective.js';
import { routeSchema } from '../../config/routes.js';
import { type Config, LOG_LEVELS } from '../../config/schema.js';
import { withoutSecrets } from '../../config/secrets.js';
import { bySpecificity } from '../../routing/specificity.js';
import { jsonBody } from './body.js';
import { type Endpoint, endpoint, json, raw, reply } from './endpoint.js';
import { listOf, rollAnswer, routeAnswer } from './openapi/answers.js';

const JSON_TYPE = 'application/json';
/** RFC 9512. */
const YAML_TYPE = 'application/yaml';

const logLevel = z.strictObject({ level: z.enum(LOG_LEVELS) }).meta({ id: 'LogLevel' });

export const operatingEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/api/config',
    id: 'getConfig',
    summary: 'The configuration that runs',
    description:
      'With every default, with what the last reload changed, and with what was changed here. Values of header fields ' +
      'that look like secrets are `(hidden)`. `roundhouse check` takes the YAML.',
    tag: 'balancer',
    query: z.object({ format: z.enum(['json', 'yaml']).optional().describe('Beats what `Accept` says.') }),
    answers: { 200: raw('As a configuration file says it.', { [JSON_TYPE]: 'config', [YAML_TYPE]: 'text' }) },
    handle: ({ context, source, query: { format = preferredFormat(context) } }) => {
      const shown = withoutSecrets(source.config);
      if (format === 'json') return context.json(effectiveForm(shown));
      return context.body(effectiveYaml(shown), 200, { 'content-type': YAML_TYPE });
    },
  }),
  endpoint({
    method: 'get',
    path: '/api/routes',
    id: 'getRoutes',
    summary: 'The routes, in the order in which they are tried',
    tag: 'balancer',
    answers: { 200: json('The first that matches a request is taken.', listOf(routeAnswer)) },
    handle: ({ source }) => reply(200, routesOf(source.config)),
  }),
  endpoint({
    method: 'get',
    path: '/api/roll',
    id: 'getRoll',
    summary: 'How far the replacement of the workers is',
    tag: 'balancer',
    answers: { 200: json('The one under way, or the last one.', rollAnswer) },
    handle: ({ source }) => reply(200, source.rolls),
  }),
  endpoint({
    method: 'post',
    path: '/api/roll',
    id: 'roll',
    summary: 'Replaces the workers one by one, replacement first',
    description: 'Does not wait for it. Asked again while it runs, it is the same one.',
    tag: 'balancer',
    answers: { 202: json('It has begun.', rollAnswer, { Location: 'Where its progress is shown.' }) },
    handle: ({ source }) => {
      // The answer does not wait for the replacement; a failure is logged, and shown by GET.
      source.roll().catch(() => undefined);
      return reply(202, source.rolls, { Location: '/api/roll' });
    },
  }),
  endpoint({
    method: 'get',
    path: '/api/log-level',
    id: 'getLogLevel',
    summary: 'How much is logged',
    tag: 'balancer',
    answers: { 200: json('The least important kind of line that is.', logLevel) },
    handle: ({ source }) => reply(200, { level: source.logLevel }),
  }),
  endpoint({
    method: 'patch',
    path: '/api/log-level',
    id: 'setLogLevel',
    summary: 'Logs more or less, until it ends or is told otherwise',
    tag: 'balancer',
    body: jsonBody(logLevel),
    answers: { 200: json('As it is now.', logLevel) },
    handle: ({ source, body: { level } }) => {
      source.logLevel = level;
      return reply(200, { level: source.logLevel });
    },
  }),
];

/** @returns the routes in the order in which they are tried, each with its index in the configuration */
function routesOf(config: Config): readonly object[] {
  const shown = withoutSecrets(config);
  // A configuration without routes has one pool, which gets every request.
  const routes = shown.routes ?? Object.keys(shown.pools).map((pool) => routeSchema.parse({ pool }));
  const order = routes.map((route, index) => ({ route, index })).sort((a, b) => bySpecificity(a.route, b.route));
  const { routes: written } = effectiveForm({ ...shown, routes: order.map(({ route }) => route) });
  return Array.isArray(written) ? written.map((route, at) => ({ index: order[at]?.index, ...route })) : [];
}

/** The format that `Accept` prefers (RFC 9110 section 12.5.1); JSON without a preference. */
function preferredFormat(context: Context): 'json' | 'yaml' {
  const wanted = accepts(context, { header: 'Accept', supports: [JSON_TYPE, YAML_TYPE], default: JSON_TYPE });
  return wanted === YAML_TYPE ? 'yaml' : 'json';
}
