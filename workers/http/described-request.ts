/** workers/http/described-request.ts: a request as the placeholders of a route's header rules describe it. */
import type { RequestHead } from '../../src/http1/request-head.js';
import type { DescribedRequest } from '../../src/routing/placeholders.js';
import type { ClientPolicy } from '../inbound/client-policy.js';
import type { IntakeRequest } from './client-stream.js';

/** Describes one request of a client; called only for routes whose rules have placeholders. */
export type Describe<Client = IntakeRequest> = (head: RequestHead, client: Client) => DescribedRequest;

/** @param route the name of the route; '' for none */
export function describeFor(route: string, clients: ClientPolicy): Describe {
  return (head, { arrival }) => ({
    head,
    side: arrival.client,
    // Looked up only if a placeholder asks for it: that reads X-Forwarded-For.
    get client() {
      return clients.clientAddress(head, arrival.client);
    },
    port: arrival.listener.port,
    route,
  });
}
