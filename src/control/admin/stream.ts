/** control/admin/stream.ts: what is shown to those who keep watching: the feed as a stream, and what happened lately. */
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Journal } from '../journal.js';
import type { Feed } from './feed.js';

/** With Node's own side of a request. */
interface OnNode {
  Bindings: HttpBindings;
}

/** After which one that was turned away may find room, in seconds. */
const ROOM_AFTER_S = 5;

export function watchRoutes(journal: Journal, feed: Feed): Hono<OnNode> {
  const routes = new Hono<OnNode>();
  routes.get('/events', (context) => context.json(journal.recent));
  routes.get('/stream', (context) => stream(context, feed));
  return routes;
}

function stream(context: Context<OnNode>, feed: Feed): Response {
  const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
  // A stream that nobody reads would never be left.
  if (context.req.method === 'HEAD') return context.body(null, 200, headers);
  const opened = feed.open(context.req.header('last-event-id'), () => context.env.outgoing.destroy());
  if (opened !== undefined) return context.body(opened, 200, headers);
  const error = `${feed.size} watch already; close one of them, or try again later`;
  return context.json({ error }, 503, { 'retry-after': `${ROOM_AFTER_S}` });
}
