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
import { emptyBody, jsonBody } from './body.js';
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
    summary: 'The current configuration',
    description:
      'All keys with their defaults, including changes by reloads and by this API. Values of header fields are ' +
      'shown as `(hidden)` unless the field is known to be harmless. `roundhouse check` reads the YAML.',
    tag: 'balancer',
    query: z.object({ format: z.enum(['json', 'yaml']).optional().describe('Overrides `Accept`.') }),
    answers: {
      200: raw('The configuration, as a file would write it.', { [JSON_TYPE]: 'config', [YAML_TYPE]: 'text' }),
    },
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
    answers: { 200: json('The routes. A request takes the first one that matches.', listOf(routeAnswer)) },
    handle: ({ source }) => reply(200, routesOf(source.config)),
  }),
  endpoint({
    method: 'get',
    path: '/api/roll',
    id: 'getRoll',
    summary: 'The state of the rolling replacement of workers',
    tag: 'balancer',
    answers: { 200: json('The replacement under way, or the last one.', rollAnswer) },
    handle: ({ source }) => reply(200, source.rolls),
  }),
  endpoint({
    method: 'post',
    path: '/api/roll',
    id: 'roll',
    summary: 'Replaces the workers one by one, replacement first',
    description: 'The answer does not wait for the end. While a replacement runs, no second one begins.',
    tag: 'balancer',
    body: emptyBody(),
    answers: { 202: json('The replacement runs.', rollAnswer, { Location: 'Path that shows its progress.' }) },
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
    summary: 'The log level',
    tag: 'balancer',
    answers: { 200: json('The least important level that is logged.', logLevel) },
    handle: ({ source }) => reply(200, { level: source.logLevel }),
  }),
  endpoint({
    method: 'patch',
    path: '/api/log-level',
    id: 'setLogLevel',
    summary: 'Sets the log level until the balancer ends or it is set again',
    tag: 'balancer',
    body: jsonBody(logLevel),
    answers: { 200: json('The level now set.', logLevel) },
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
