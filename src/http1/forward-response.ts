/**
 * http1/forward-response.ts: the head a client gets. Lines that stay are copied as ranges of the backend's text, so
 * end-to-end fields keep their order, case and bytes; what is added comes last.
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

/** Whom the response goes to. */
export interface ToClient {
  readonly minorVersion: 0 | 1;
  /** The connection stays open behind this response. */
  readonly keepAlive: boolean;
  /** The body is sent without its chunks, to a client that does not know them. */
  readonly dechunk: boolean;
}

/**
 * Builds the head to send to the client: HTTP/1.1 with the backend's status and reason, without hop-by-hop fields and
 * those that Connection names (RFC 9110 section 7.6.1). An interim response says nothing about the connection.
 * @param added field lines of our own, each with its CRLF
 */
export function forwardResponseHead(head: ResponseHead, to: ToClient, added = ''): string {
  const { fields } = head;
  const { text } = fields;
  let out = '';
  let keptFrom = 0;
  // The space is required even when no reason follows it, and some backends leave it out.
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

function isDropped(kind: number, head: ResponseHead, to: ToClient): boolean {
  switch (kind) {
    case CONTENT_LENGTH:
      // RFC 9110 section 8.6: never in 1xx and 204.
      return head.status < 200 || head.status === 204;
    case TRANSFER_ENCODING:
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

/** A 426 has to say which protocol it demands (RFC 9110 section 15.5.22); other answers only advertise. */
function demandsUpgrade({ status, fields }: ResponseHead, to: ToClient): boolean {
  return status === 426 && fields.upgrade && to.minorVersion === 1;
}

/** @returns the Connection field, if one is needed, and the empty line */
function connectionLine(head: ResponseHead, to: ToClient): string {
  if (head.switching) return 'Connection: upgrade\r\n\r\n';
  if (head.interim) return '\r\n';
  if (demandsUpgrade(head, to)) return `Connection: ${to.keepAlive ? '' : 'close, '}upgrade\r\n\r\n`;
  if (!to.keepAlive) return 'Connection: close\r\n\r\n';
  return to.minorVersion === 0 ? 'Connection: keep-alive\r\n\r\n' : '\r\n';
}
