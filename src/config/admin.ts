/** config/admin.ts: the limits of the addresses on which a balancer is looked at and changed. */
import * as z from 'zod';
import { positiveDuration } from './values.js';

const count = (most: number) => z.int().min(1).max(most);

export const adminLimits = z
  .strictObject({
    connections: count(1_024)
      .default(48)
      .describe(
        'Most connections that were let in: by a token or, where none is needed, by any request but for health.',
      ),
    connectionsPerAddress: count(1_024)
      .default(24)
      .describe(
        'Most of them from one address (of IPv6 its /64). Where all have a request under way, the next gets 503.',
      ),
    unauthenticated: count(1_024)
      .default(32)
      .describe('Most other connections. A further one takes the place of the oldest, so health checks are answered.'),
    unauthenticatedPerAddress: count(1_024)
      .default(16)
      .describe('Most of those from one address; a further one takes the place of the oldest from there.'),
    streams: z
      .int()
      .min(0)
      .max(1_024)
      .default(16)
      .describe('Most readers of `/api/stream`, open dashboards among them.'),
    request: positiveDuration
      .prefault('10s')
      .describe('Time in which a request has to arrive whole, from when the connection opened or had its last answer.'),
    response: positiveDuration
      .prefault('20s')
      .describe('A connection whose client takes no byte of an answer for this long is closed.'),
    keepAlive: positiveDuration.prefault('5s').describe('An idle connection is closed after this.'),
  })
  .prefault({})
  .describe('Limits on the connections to the admin interface, and apart from it on those to `metrics`.');

export type AdminLimits = z.output<typeof adminLimits>;
