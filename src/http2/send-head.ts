/**
 * http2/send-head.ts: writes the heads of messages as header blocks. What is sent was checked when it was read, or was
 * made here, so nothing is checked again.
 */
import { BLANK, COLON, CR } from '../http1/characters.js';
import {
  CONNECTION,
  CONTENT_LENGTH,
  HTTP2_SETTINGS,
  KEEP_ALIVE,
  kindOf,
  NOMINATED,
  PROXY_CONNECTION,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from '../http1/field-kind.js';
import { trimmedEnd } from '../http1/list.js';
import type { ResponseHead } from '../http1/response-head.js';
import type { HpackEncoder } from './hpack-encoder.js';

/** Offset of the status in a status line. */
const STATUS_AT = 'HTTP/1.1 '.length;
const HOST_LENGTH = 'Host'.length;

/**
 * Appends the header list of a response. Fields of a hop of HTTP/1.1 are left out (RFC 9113 section 8.2.2).
 * @param added field lines to add, each with its CRLF
 * @param status the status to send, if that is not the head's
 */
export function sendResponseHead(
  head: ResponseHead,
  added: string,
  encoder: HpackEncoder,
  status: number = head.status,
): void {
  encoder.begin();
  encoder.field(':status', `${status}`);
  const { fields } = head;
  const { text } = fields;
  for (let index = 0; index < fields.count; index++) {
    if (isOfHop(fields.kind(index), head.status)) continue;
    const name = text.slice(fields.nameAt(index), fields.colonAt(index)).toLowerCase();
    encoder.field(name, text.slice(fields.valueAt(index), fields.valueEnd(index)));
  }
  sendLines(added, 0, encoder);
}

/** Appends the header list of a response that was made here. @param text its head as HTTP/1.1 has it */
export function sendResponseText(text: string, encoder: HpackEncoder): void {
  encoder.begin();
  encoder.field(':status', text.slice(STATUS_AT, STATUS_AT + 3));
  sendLines(text, text.indexOf('\r\n') + 2, encoder);
}

/** Whether a field of a response is not sent: it concerns a connection of HTTP/1.1, or a body that there is not. */
function isOfHop(kind: number, status: number): boolean {
  switch (kind) {
    case CONNECTION:
    case HTTP2_SETTINGS:
    case KEEP_ALIVE:
    case NOMINATED:
    case PROXY_CONNECTION:
    case TE:
    case TRANSFER_ENCODING:
    case UPGRADE:
      return true;
    case CONTENT_LENGTH:
      // RFC 9110 section 8.6: not allowed in 1xx and 204.
      return status < 200 || status === 204;
    default:
      return false;
  }
}

/** Appends the header list of trailers. @param lines field lines, each with its CRLF */
export function sendTrailers(lines: string, encoder: HpackEncoder): void {
  encoder.begin();
  sendLines(lines, 0, encoder);
}

/**
 * Appends the header list of a request.
 * @param text the head as an HTTP/1.1 backend would get it, so that there is one place that decides what is forwarded
 * @param protocol the protocol of an extended CONNECT (RFC 8441); '' for any other request
 */
export function sendRequestHead(text: string, scheme: 'http' | 'https', protocol: string, encoder: HpackEncoder): void {
  const methodEnd = text.indexOf(' ');
  const pathEnd = text.indexOf(' ', methodEnd + 1);
  const fieldsAt = text.indexOf('\r\n', pathEnd) + 2;
  encoder.begin();
  encoder.field(':method', protocol === '' ? text.slice(0, methodEnd) : 'CONNECT');
  encoder.field(':scheme', scheme);
  encoder.field(':path', pathOf(text.slice(methodEnd + 1, pathEnd)));
  encoder.field(':authority', hostOf(text, fieldsAt));
  if (protocol !== '') encoder.field(':protocol', protocol);
  sendLines(text, fieldsAt, encoder);
}

/** @returns the path and query of a target; an absolute-form target has its authority as Host already */
function pathOf(target: string): string {
  const authorityAt = target.startsWith('/') || target === '*' ? -1 : target.indexOf('://');
  if (authorityAt < 0) return target;
  const pathAt = target.slice(authorityAt + 3).search(/[/?]/);
  if (pathAt < 0) return '/';
  const path = target.slice(authorityAt + 3 + pathAt);
  return path.startsWith('/') ? path : `/${path}`;
}

/** @returns the value of Host, which every forwarded head has */
function hostOf(text: string, from: number): string {
  for (let at = from; at < text.length && text.charCodeAt(at) !== CR; at = text.indexOf('\r\n', at) + 2) {
    if (text.charCodeAt(at + HOST_LENGTH) !== COLON || text.slice(at, at + HOST_LENGTH).toLowerCase() !== 'host') {
      continue;
    }
    return valueIn(text, at + HOST_LENGTH + 1, text.indexOf('\r\n', at));
  }
  return '';
}

/** Appends the field lines from `from` to the end, or to an empty line; those of a hop of HTTP/1.1 are left out. */
function sendLines(text: string, from: number, encoder: HpackEncoder): void {
  let end = 0;
  for (let at = from; at < text.length && text.charCodeAt(at) !== CR; at = end + 2) {
    end = text.indexOf('\r\n', at);
    const colonAt = text.indexOf(':', at);
    const kind = kindOf(text, at, colonAt);
    const name = text.slice(at, colonAt).toLowerCase();
    if (name === 'host') continue;
    if (kind === TE) encoder.field('te', 'trailers');
    else if (!isOfHop(kind, 200)) encoder.field(name, valueIn(text, colonAt + 1, end));
  }
}

/** @returns the value without the white space around it, as HTTP/2 has it (RFC 9113 section 8.2.1) */
function valueIn(text: string, from: number, to: number): string {
  let at = from;
  while (at < to && BLANK[text.charCodeAt(at)] === 1) at++;
  return text.slice(at, trimmedEnd(text, at, to));
}
