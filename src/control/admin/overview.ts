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
    summary: 'All there is to see: pools, backends, workers',
    tag: 'balancer',
    answers: { 200: json('As it is now.', balancerAnswer) },
    handle: ({ source }) => reply(200, source.view()),
  }),
  endpoint({
    method: 'get',
    path: '/api/workers',
    id: 'getWorkers',
    summary: 'The worker processes',
    tag: 'balancer',
    answers: { 200: json('In the order of their places.', listOf(workerAnswer)) },
    handle: ({ source }) => reply(200, source.view().workers),
  }),
  endpoint({
    method: 'get',
    path: '/api/events',
    id: 'getEvents',
    summary: 'What has happened lately',
    tag: 'balancer',
    answers: { 200: json('At least the last thousand, oldest first.', listOf(eventAnswer)) },
    handle: ({ source }) => reply(200, source.journal.recent),
  }),
  endpoint({
    method: 'get',
    path: '/api/stream',
    id: 'getStream',
    summary: 'All there is to see and what happens, as server-sent events, for as long as somebody reads',
    description:
      '`events` are those that `/api/events` shows, told as they happen; the first message has all of them, or those ' +
      'after `Last-Event-ID`. `view` is what `/api` shows, once a second, less often where that would cost too much. ' +
      'Whoever leaves a megabyte unread is cut off and may come back.',
    tag: 'balancer',
    answers: {
      200: raw('Without an end.', { 'text/event-stream': 'text' }),
      503: json('Sixteen watch already.', errorAnswer, { 'Retry-After': 'When there may be room, in seconds.' }),
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
