/**
 * http1/forward-response.ts: builds the head that is sent to the client. Fields that are forwarded are copied as ranges
 * of the backend's text, so they keep their order, case and bytes; added fields come last.
 */
import {
  CONNECTION,
  CONTENT_LENGTH,
  HTTP2_SETTINGS,
  KEEP_ALIVE,
  NOMINATED,
  OTHER,
  PROXY_CONNECTION,
  TE,
  TRAILER,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-kind.js';
import type { ResponseHead } from './response-head.js';
import { REASON_AT } from './status-line.js';

/** How a response is delivered to its client. */
export interface ResponseDelivery {
  /** Minor version of the client's HTTP/1.x. */
  readonly minorVersion: 0 | 1;
  /** The client connection stays open after this response. */
  readonly keepAlive: boolean;
  /** The body is sent without its chunk framing, because the client speaks HTTP/1.0. */
  readonly dechunk: boolean;
}

/**
 * Builds the head to send to the client: HTTP/1.1 with the backend's status and reason, without hop-by-hop fields and
 * those that Connection names (RFC 9110 section 7.6.1). An interim (1xx) response has no Connection field.
 * @param added field lines to add, each with its CRLF
 */
export function forwardResponseHead(head: ResponseHead, to: ResponseDelivery, added = ''): string {
  const { fields } = head;
  const { text } = fields;
  let out = '';
  let keptFrom = 0;
  // The space behind the status is required even without a reason, and some backends leave it out.
  const lacksSpace = fields.start === REASON_AT + 2;
  if (head.minorVersion === 0 || lacksSpace) {
    out = `HTTP/1.1 ${head.status}${lacksSpace ? ' ' : ''}`;
    keptFrom = REASON_AT;
  }
  for (let index = 0; index < fields.count; index++) {
    const kind = fields.kind(index);
    if (kind === OTHER || !isDropped(kind, head, to)) continue;
    out += text.slice(keptFrom, fields.nameAt(index));
    keptFrom = fields.lineEnd(index);
  }
  return out + text.slice(keptFrom, fields.end) + added + connectionLine(head, to);
}

function isDropped(kind: number, head: ResponseHead, to: ResponseDelivery): boolean {
  switch (kind) {
    case CONTENT_LENGTH:
      // RFC 9110 section 8.6: not allowed in 1xx and 204.
      return head.status < 200 || head.status === 204;
    case TRANSFER_ENCODING:
      return head.status === 204 || to.dechunk || to.minorVersion === 0;
    case TRAILER:
      return to.dechunk || to.minorVersion === 0;
    case UPGRADE:
      return !head.switching && !demandsUpgrade(head, to);
    case CONNECTION:
    case KEEP_ALIVE:
    case PROXY_CONNECTION:
    case HTTP2_SETTINGS:
    case TE:
    case NOMINATED:
      return true;
    default:
      return false;
  }
}

/** Whether Upgrade is forwarded: a 426 has to name the protocol that it requires (RFC 9110 section 15.5.22). */
function demandsUpgrade({ status, fields }: ResponseHead, to: ResponseDelivery): boolean {
  return status === 426 && fields.upgrade && to.minorVersion === 1;
}

/** @returns the Connection field, if one is needed, and the empty line that ends the head */
function connectionLine(head: ResponseHead, to: ResponseDelivery): string {
  if (head.switching) return 'Connection: upgrade\r\n\r\n';
  if (head.interim) return '\r\n';
  if (demandsUpgrade(head, to)) return `Connection: ${to.keepAlive ? '' : 'close, '}upgrade\r\n\r\n`;
  if (!to.keepAlive) return 'Connection: close\r\n\r\n';
  return to.minorVersion === 0 ? 'Connection: keep-alive\r\n\r\n' : '\r\n';
}
