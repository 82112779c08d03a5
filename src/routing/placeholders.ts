/**
 * routing/placeholders.ts: the placeholders of header rules, with what each stands for. A value can neither end a field
 * nor begin another: it is made here, was checked by the parser (hosts), or is left out unless it has the characters of
 * an identifier.
 */
import type { ClientSide } from '../http1/forward-request.js';
import type { RequestHead } from '../http1/request-head.js';
import type { Readers } from './template.js';

/** A request as placeholders describe it. A further placeholder is a row of {@link PLACEHOLDERS} and what it needs here. */
export interface DescribedRequest {
  readonly head: Pick<RequestHead, 'host' | 'requestId'>;
  /** The connection's other end. */
  readonly side: ClientSide;
  /** IP address of who is believed to be the client. */
  readonly client: string;
  /** Port of the listener that the connection came to; 0 for one without ports. */
  readonly port: number;
  /** Name of the route; '' for none. */
  readonly route: string;
}

/** What an id may consist of: UUIDs, ULIDs, base64 and trace ids do. */
const ID = /^[A-Za-z0-9._~:/+=@-]*$/;

export const PLACEHOLDERS = {
  client: ({ client }) => client,
  peer: ({ side }) => side.address,
  scheme: ({ side }) => side.proto,
  host: ({ head }) => head.host.replace(/:\d*$/, ''),
  port: ({ port }) => (port === 0 ? '' : String(port)),
  requestId: ({ head }) => (ID.test(head.requestId) ? head.requestId : ''),
  route: ({ route }) => route,
  clientCertSubject: ({ side }) => side.certificate?.subject ?? '',
  clientCertFingerprint: ({ side }) => side.certificate?.fingerprint ?? '',
} as const satisfies Readers<DescribedRequest>;
