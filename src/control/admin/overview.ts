/** control/admin/overview.ts: endpoints that show the balancer: its view, its workers, recent events, and the feed. */
import { type Endpoint, endpoint, json, raw, reply } from './endpoint.js';
import { balancerAnswer, errorAnswer, eventAnswer, listOf, workerAnswer } from './openapi/answers.js';

/** `Retry-After` for a reader that was refused, in seconds. */
const ROOM_AFTER_S = 5;

export const overviewEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/api',
    id: 'getBalancer',
    summary: 'The whole state of the balancer: pools, backends, workers',
    tag: 'balancer',
    answers: { 200: json('The current state.', balancerAnswer) },
    handle: ({ source }) => reply(200, source.view()),
  }),
  endpoint({
    method: 'get',
    path: '/api/workers',
    id: 'getWorkers',
    summary: 'The worker processes',
    tag: 'balancer',
    answers: { 200: json('The workers by slot number.', listOf(workerAnswer)) },
    handle: ({ source }) => reply(200, source.view().workers),
  }),
  endpoint({
    method: 'get',
    path: '/api/events',
    id: 'getEvents',
    summary: 'Recent events',
    tag: 'balancer',
    answers: { 200: json('At least the last 1,000 events, oldest first.', listOf(eventAnswer)) },
    handle: ({ source }) => reply(200, source.journal.recent),
  }),
  endpoint({
    method: 'get',
    path: '/api/stream',
    id: 'getStream',
    summary: 'The state of the balancer and its events, as a stream of server-sent events',
    description:
      'A message `events` holds events as `/api/events` shows them, as they happen; the first one holds all recent ' +
      'events, or those after `Last-Event-ID`. A message `view` holds what `/api` shows; it comes once a second, or ' +
      'less often for very large pools. A reader with a megabyte unread is disconnected and may ask again.',
    tag: 'balancer',
    answers: {
      200: raw('The stream, which has no end.', { 'text/event-stream': 'text' }),
      503: json('There are `adminLimits.streams` readers already.', errorAnswer, {
        'Retry-After': 'When to try again, in seconds.',
      }),
    },
    handle: ({ context, feed }) => {
      const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
      // The body of an answer to HEAD is never read, so its stream would never end.
      if (context.req.method === 'HEAD') return context.body(null, 200, headers);
      const opened = feed.open(context.req.header('last-event-id'), () => context.env.outgoing.destroy());
      if (opened !== undefined) return context.body(opened, 200, headers);
      const error = `${feed.size} watch already; close one of them, or try again later`;
      return reply(503, { error }, { 'Retry-After': `${ROOM_AFTER_S}` });
    },
  }),
];
