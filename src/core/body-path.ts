/**
 * core/body-path.ts: how a message's body gets from its sender to its receiver, decided once per message, so that there
 * are three ways and not one for each pair of protocols.
 */

/**
 * How the sender says where the body ends:
 * - `none`: there is no body
 * - `length`: by a Content-Length
 * - `chunked`: by HTTP/1.1 chunks (RFC 9112 section 7.1)
 * - `close`: by the end of the connection
 * - `frames`: by the end of its stream (RFC 9113 section 8.1), without a Content-Length
 */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close' | 'frames';

/**
 * What the receiver understands:
 * - `chunks`: an HTTP/1.1 peer
 * - `bytes`: an HTTP/1.0 peer, which takes the end of the connection for the end of a body without a length
 * - `frames`: an HTTP/2 peer
 */
export type BodyTaker = 'chunks' | 'bytes' | 'frames';

/**
 * - `pass`: the bytes go on as they came, framing included
 * - `unwrap`: only the payload goes on
 * - `wrap`: the payload goes on in chunks of our own
 */
export type BodyPath = 'pass' | 'unwrap' | 'wrap';

export function bodyPath(from: BodyFraming, to: BodyTaker): BodyPath {
  if (from === 'chunked') return to === 'chunks' ? 'pass' : 'unwrap';
  return from === 'frames' && to === 'chunks' ? 'wrap' : 'pass';
}
