/**
 * core/body-path.ts: decides once per message how its body is forwarded, so that there are three ways and not one for
 * each pair of protocols.
 */

/**
 * How the sender marks the end of the body:
 * - `none`: there is no body
 * - `length`: by a Content-Length
 * - `chunked`: by HTTP/1.1 chunks (RFC 9112 section 7.1)
 * - `close`: by the end of the connection
 * - `frames`: by the end of its stream (RFC 9113 section 8.1), without a Content-Length
 */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close' | 'frames';

/**
 * The framing that the receiver understands:
 * - `chunks`: HTTP/1.1
 * - `bytes`: HTTP/1.0, where the end of the connection ends a body without a length
 * - `frames`: HTTP/2
 */
export type BodyTaker = 'chunks' | 'bytes' | 'frames';

/**
 * How the body is forwarded:
 * - `pass`: the bytes as they came, framing included
 * - `unwrap`: the payload only
 * - `wrap`: the payload in chunks made here
 */
export type BodyPath = 'pass' | 'unwrap' | 'wrap';

/** @returns how a body with framing `from` is forwarded to a receiver of kind `to` */
export function bodyPath(from: BodyFraming, to: BodyTaker): BodyPath {
  if (from === 'chunked') return to === 'chunks' ? 'pass' : 'unwrap';
  return from === 'frames' && to === 'chunks' ? 'wrap' : 'pass';
}
