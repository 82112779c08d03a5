/** control/admin/reloading.ts: another configuration over HTTP: have the file read again, or ask what one would change. */
import { Hono } from 'hono';
import { MAX_FILE_BYTES } from '../../config/read-file.js';
import type { ReloadPlan } from '../reload-plan.js';
import type { ReloadPreview } from '../reload-preview.js';
import { type PlanRow, planRows } from '../reload-text.js';
import { bodyUpTo, readJson } from './body.js';

export interface Reloading {
  /** @throws {ConfigError | UsageError | ReloadError} why nothing has changed */
  reload(): Promise<ReloadPlan>;
  /** @throws {ConfigError | UsageError} what is wrong with it */
  preview(value: unknown): Promise<ReloadPreview>;
}

/** How a reload is answered. */
export interface Reloaded extends ReloadPlan {
  /** The same in words. */
  readonly changes: readonly PlanRow[];
}
export interface Previewed extends ReloadPreview, Reloaded {}

/** A file of YAML comes to about as much JSON, with every default in it to several times that. */
const MOST_BYTES = 8 * MAX_FILE_BYTES;

export function reloadRoutes(source: Reloading): Hono {
  const routes = new Hono();
  routes.post('/reload', async (context) => {
    const plan = await source.reload();
    const answer: Reloaded = { ...plan, changes: planRows(plan) };
    return context.json(answer);
  });
  routes.post('/diff', bodyUpTo(MOST_BYTES), async (context) => {
    const preview = await source.preview(await readJson(context));
    const answer: Previewed = { ...preview, changes: planRows(preview) };
    return context.json(answer);
  });
  return routes;
}
