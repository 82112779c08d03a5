/**
 * workers/http/backend-stream.ts: the calls between an attempt and a connection to a backend, whatever protocol that
 * speaks. A connection carries one stream at a time or several, and finds the end of each response in its bytes.
 */
import type { RouteTimeouts } from '../../src/config/routes.js';
import type { Backend } from '../../src/core/backend.js';
import type { BodyPath, BodyTaker } from '../../src/core/body-path.js';
import type { ResponseContext, ResponseHead } from '../../src/http1/response-head.js';
import type { ByteChannel } from '../transport.js';
import type { Tunnel } from '../tunnel.js';
import type { AttemptFailure } from './attempt-failure.js';
import type { HeldConnections } from './held-connections.js';

/** A request as it is sent to a backend, with what its response cannot be read without. */
export interface BackendRequest extends ResponseContext {
  /** @returns the head as that backend gets it over HTTP/1.1, its empty line included; made when first asked for */
  http1Head(backend: { readonly listed: Backend }): string;
  /** What its connection has to begin with, one byte a character: a PROXY header that names the client; '' for nothing. */
  readonly opening: string;
  /** Whether it may be sent behind another: it can be repeated, and all of it is here (RFC 9112 section 9.3.2). */
  readonly mayShare: boolean;
  /** The framing of bodies that the client understands. */
  readonly takes: BodyTaker;
  /** Time limits of the request's route; those that it does not set are the pool's. */
  readonly timeouts: RouteTimeouts | undefined;
}

/** One request on a connection to a backend. */
export interface BackendStream {
  /** Whether the request can be sent, or has been. */
  readonly isOpen: boolean;
  /** The connection has carried another request before, so the backend may have closed it without our knowing yet. */
  readonly isReused: boolean;
  /** The source of the response's body and the sink of the request's, for those who move bodies. */
  readonly channel: ByteChannel;
  /** Sends the head and the body so far. @param complete whether that is all of the request */
  send(request: BackendRequest, body: string, complete: boolean): void;
  /** The rest of the request was written: the backend's time to answer begins. */
  requestSent(): void;
  /** The backend takes no more request bytes, or takes them again. */
  uploadStalled(stalled: boolean): void;
  /** The client takes no more response bytes, so that no timeout runs for the backend, or takes them again. */
  downloadStalled(stalled: boolean): void;
  /** Gives up the response of `receiver`; others that share the connection still get theirs. */
  cancel(receiver: BackendReceiver): void;
  /** Calls back every request on the connection: each is lost, without a failure of the backend. */
  recall(): void;
  /** From here on every byte of the {@link channel} belongs to `tunnel`. */
  becomeTunnel(tunnel: Tunnel): void;
}

/** Gets the response that a {@link BackendStream} carries. */
export interface BackendReceiver {
  readonly request: BackendRequest;
  /** Whether all of the request was sent. */
  readonly requestComplete: boolean;
  /** @returns what keeps connections for the client of this request alone; `undefined` if the client is gone */
  holder(): HeldConnections | undefined;
  /** The request will be sent on `stream` once that is open. */
  onAssigned(stream: BackendStream): void;
  /** The stream is open: the request is to be sent now. */
  onOpen(stream: BackendStream): void;
  /** The time of one try is over. @returns whether the request is tried elsewhere, so that this stream is given up */
  onSlow(failure: AttemptFailure): boolean;
  /** A 1xx before the response; `head` means nothing once the call returns. */
  onInterim(head: ResponseHead): void;
  /** A 101 that was asked for. The receiver calls the stream's `becomeTunnel`, or gives the stream up. */
  onSwitching(stream: BackendStream, head: ResponseHead): void;
  /** The response begins; `head` means nothing once the call returns. @param path how its body is handed over */
  onResponse(head: ResponseHead, path: BodyPath): void;
  /** More of the body: `bytes[from, to)`, which may be overwritten once the call returns. */
  onBody(bytes: Buffer, from: number, to: number): void;
  /** More of the body, as text of one byte a character. */
  onBodyText(text: string): void;
  /** Trailer field lines, each with its CRLF; unless the path is `pass`, they were not among the body's bytes. */
  onTrailers(lines: string): void;
  /**
   * A read of `length` bytes was handed over, and the response goes on.
   * @param costly whether its framing took so long that other connections come first now
   */
  onReadEnd(length: number, costly: boolean): void;
  /**
   * The last byte of the response was handed over: called within its read, or when the peer's end is that of the body.
   */
  onBodyEnd(): void;
  /** The response is complete, and its connection is free for others or closed. */
  onDone(): void;
  /** The stream has ended before the response, or will not carry it. */
  onLost(failure: AttemptFailure): void;
}
