/** test/support/http2-client.ts: a client of HTTP/2 (nghttp2, by way of node:http2) and what it was answered. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { onStop } from './cleanup.js';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  /** The code of the RST_STREAM that ended the stream; 0 for none. */
  readonly code: number;
}

/** Connects without TLS, by prior knowledge. */
export async function connectHttp2(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  onStop(async () => {
    if (session.destroyed) return;
    const closed = once(session, 'close');
    session.destroy();
    await closed;
  });
  await once(session, 'connect');
  return session;
}

/** Sends a request. @param body sent as a whole, and ended; `undefined` for none */
export function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOn(stream);
}

/** Waits for the end of a stream, whatever that is. */
export async function answerOn(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const pieces: Buffer[] = [];
  stream.on('response', (received) => {
    headers = received;
  });
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('close', resolve));
  const status = Number(headers[':status'] ?? 0);
  return { status, headers, body: Buffer.concat(pieces).toString('latin1'), trailers, code: stream.rstCode ?? 0 };
}
