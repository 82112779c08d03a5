/**
 * control/admin/operating.ts: the balancer as a whole over HTTP: the configuration that runs, the replacement of its
 * workers, how much it logs.
 */
import { type Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import * as z from 'zod';
import { effectiveForm, effectiveYaml } from '../../config/effective.js';
import { routeSchema } from '../../config/routes.js';
import { type Config, LOG_LEVELS, type LogLevel } from '../../config/schema.js';
import { withoutSecrets } from '../../config/secrets.js';
import { bySpecificity } from '../../routing/specificity.js';
import type { RollView } from '../rolls.js';
import { boundedBody, readBody } from './body.js';
import { RequestError } from './request-error.js';

export interface Operating {
  /** What runs, with what operators have changed while it ran. */
  readonly config: Config;
  logLevel: LogLevel;
  /** How far the replacement of the workers is, or how the last one ended. */
  readonly rolls: RollView;
  /** @throws {StartError} when a replacement does not start */
  roll(): Promise<void>;
}

export const logLevelBody = z.strictObject({ level: z.enum(LOG_LEVELS) });

const JSON_TYPE = 'application/json';
/** RFC 9512. */
const YAML_TYPE = 'application/yaml';

export function operatingRoutes(source: Operating): Hono {
  const routes = new Hono();
  routes.get('/config', (context) => showConfig(context, source.config));
  routes.get('/routes', (context) => context.json(routesOf(source.config)));
  routes.get('/roll', (context) => context.json(source.rolls));
  routes.post('/roll', (context) => {
    // How it ends is logged, and shown to whoever asks.
    source.roll().catch(() => undefined);
    return context.json(source.rolls, 202, { location: '/api/roll' });
  });
  routes.get('/log-level', (context) => context.json({ level: source.logLevel }));
  routes.patch('/log-level', boundedBody, async (context) => {
    const { level } = await readBody(context, logLevelBody);
    source.logLevel = level;
    return context.json({ level: source.logLevel });
  });
  return routes;
}

function showConfig(context: Context, config: Config): Response {
  const shown = withoutSecrets(config);
  if (formatOf(context) === 'json') return context.json(effectiveForm(shown));
  return context.body(effectiveYaml(shown), 200, { 'content-type': YAML_TYPE });
}

/** @returns the routes in the order in which they are tried, each with its place in the configuration */
function routesOf(config: Config): readonly object[] {
  const shown = withoutSecrets(config);
  // Without routes everything goes to the only pool.
  const routes = shown.routes ?? Object.keys(shown.pools).map((pool) => routeSchema.parse({ pool }));
  const order = routes.map((route, index) => ({ route, index })).sort((a, b) => bySpecificity(a.route, b.route));
  const { routes: written } = effectiveForm({ ...shown, routes: order.map(({ route }) => route) });
  return Array.isArray(written) ? written.map((route, at) => ({ index: order[at]?.index, ...route })) : [];
}

/** What `format` says, or else what the asker would rather have. @throws {RequestError} when it is neither */
function formatOf(context: Context): 'json' | 'yaml' {
  const format = context.req.query('format');
  if (format === 'json' || format === 'yaml') return format;
  if (format !== undefined) throw new RequestError(400, `"${format}" is no format; write json or yaml`);
  const wanted = accepts(context, { header: 'Accept', supports: [JSON_TYPE, YAML_TYPE], default: JSON_TYPE });
  return wanted === YAML_TYPE ? 'yaml' : 'json';
}
