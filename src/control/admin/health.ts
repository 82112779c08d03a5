/** control/admin/health.ts: the endpoints for probers and scrapers: liveness, readiness and metrics. */
import { type Endpoint, endpoint, raw } from './endpoint.js';
import { metrics } from './metrics.js';

export const healthEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    summary: 'Whether the primary runs',
    tag: 'health',
    open: true,
    answers: { 200: raw('The primary runs.', { 'text/plain': 'text' }) },
    handle: ({ context }) => context.text('ok\n'),
  }),
  endpoint({
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    summary: 'Whether traffic should be sent here',
    tag: 'health',
    open: true,
    answers: {
      200: raw('A worker listens, and each pool has a usable backend.', { 'text/plain': 'text' }),
      503: raw('The balancer is not ready; one reason a line.', { 'text/plain': 'text' }),
    },
    handle: ({ context, source }) => {
      const reasons = source.notReady();
      return reasons.length === 0 ? context.text('ready\n') : context.text(`${reasons.join('\n')}\n`, 503);
    },
  }),
  endpoint({
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    summary: 'The metrics of docs/metrics.md',
    tag: 'health',
    answers: {
      200: raw('The metrics, in the format that `Accept` prefers.', {
        'text/plain': 'text',
        'application/openmetrics-text': 'text',
      }),
    },
    handle: ({ context, source }) => metrics(context, source.readings()),
  }),
];
