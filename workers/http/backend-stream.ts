/**
 * workers/http/backend-stream.ts: what an attempt and a connection to a backend say to each other, whatever protocol the
 * backend speaks. A connection carries one stream at a time or several; finding the end of a response in the bytes is its
 * business.
 */
import type { RouteTimeouts } from '../../src/config/routes.js';
import type { BodyPath, BodyTaker } from '../../src/core/body-path.js';
import type { ResponseContext, ResponseHead } from '../../src/http1/response-head.js';
import type { ByteChannel } from '../transport.js';
import type { Tunnel } from '../tunnel.js';
import type { AttemptFailure } from './attempt-failure.js';

/** A request as it is sent to a backend, with what its response cannot be read without. */
export interface BackendRequest extends ResponseContext {
  /** The head as an HTTP/1.1 backend gets it, its empty line included; made once, when it is first asked for. */
  readonly http1Head: string;
  /** It can be repeated, and all of it is here: it may be sent behind another (RFC 9112 section 9.3.2). */
  readonly mayShare: boolean;
  /** The framing of bodies that the client understands. */
  readonly takes: BodyTaker;
  /** Time limits of the request's route; those that it does not set are the pool's. */
  readonly timeouts: RouteTimeouts | undefined;
}

/** One request on a connection to a backend. */
export interface BackendStream {
  /** The request can be sent, or was. */
  readonly isOpen: boolean;
  /** The connection has carried another request before, so the backend may have closed it without our knowing yet. */
  readonly isReused: boolean;
  /** Where the response comes from and the rest of the request goes, for whoever moves bodies. */
  readonly channel: ByteChannel;
  /** Sends the head and what there is of the body. @param complete whether that is all of the request */
  send(request: BackendRequest, body: string, complete: boolean): void;
  /** The rest of the request was written: the backend's time to answer begins. */
  requestSent(): void;
  /** The backend takes no more request bytes, or takes them again. */
  uploadStalled(stalled: boolean): void;
  /** The client takes no more response bytes, so that the backend is not the one to wait for, or takes them again. */
  downloadStalled(stalled: boolean): void;
  /** `receiver` wants no response any more. Others that share the connection still do. */
  cancel(receiver: BackendReceiver): void;
  /** The backend is to have none of these requests any more: they are lost, through nobody's fault. */
  recall(): void;
  /** From here on every byte of the {@link channel} belongs to `tunnel`. */
  becomeTunnel(tunnel: Tunnel): void;
}

/** Who gets what a {@link BackendStream} brings. */
export interface BackendReceiver {
  readonly request: BackendRequest;
  /** All of the request was sent. */
  readonly requestComplete: boolean;
  /** `stream` is the one that the request will be sent on, once it is open. */
  onAssigned(stream: BackendStream): void;
  /** The stream is open: the request is to be sent now. */
  onOpen(stream: BackendStream): void;
  /** A try has taken its time. @returns whether another one is made instead, so that this one has been let go */
  onSlow(failure: AttemptFailure): boolean;
  /** A 1xx before the response; `head` means nothing once the call returns. */
  onInterim(head: ResponseHead): void;
  /** A 101 that was asked for; calls the stream's `becomeTunnel`, or cancels it. */
  onSwitching(stream: BackendStream, head: ResponseHead): void;
  /** The response begins; `head` means nothing once the call returns. @param path how its body will come */
  onResponse(head: ResponseHead, path: BodyPath): void;
  /** More of the body: `bytes[from, to)`, which may be overwritten once the call returns. */
  onBody(bytes: Buffer, from: number, to: number): void;
  /** More of the body, as text of one byte a character. */
  onBodyText(text: string): void;
  /** Trailer field lines, each with its CRLF; unless the path is `pass`, they were not among the body's bytes. */
  onTrailers(lines: string): void;
  /** A read of `length` bytes was handed over, and the response goes on. */
  onReadEnd(length: number): void;
  /** The last byte of the response was handed over, within its read. */
  onBodyEnd(): void;
  /** The response is complete and its connection is on its own again. */
  onDone(): void;
  /** The stream ended before the response did, or will not carry it. */
  onLost(failure: AttemptFailure): void;
}
