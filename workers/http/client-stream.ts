/**
 * workers/http/client-stream.ts: what an exchange, its recovery and a tunnel need of a client, whatever protocol it
 * speaks. A codec calls the exchange for what the client sends, and spells what the exchange answers.
 */
import type { BodyPath, BodyTaker } from '../../src/core/body-path.js';
import type { Reason } from '../../src/core/reason.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import type { AccessRecord } from '../access-log/record.js';
import type { ByteChannel, ByteSink, ByteSource } from '../transport.js';
import type { Tunnel } from '../tunnel.js';
import type { LocalAnswer } from './local-answer.js';
import type { Route } from './route.js';

/** A client's request as the intake sees it. */
export interface IntakeRequest {
  /** When the request's first byte was read, in milliseconds of `performance.now`. */
  readonly arrivedMs: number;
  /** What the request is logged as; `undefined` without an access log. */
  readonly record: AccessRecord | undefined;
  /** The route of the request, where there are routes. Set by the intake. */
  route: Route | undefined;
  readonly clientSide: ClientSide;
  /** Bytes of the request's body so far. */
  readonly bodyBytes: number;
  /** What the intake could not decide is decided now: it may be asked again. */
  goOn(): void;
}

export interface ClientStream extends IntakeRequest {
  /** In which form the client takes a response's body. */
  readonly takes: BodyTaker;
  /** Where the request's body comes from. */
  readonly source: ByteSource;
  /** Where the response's body goes. */
  readonly sink: ByteSink;
  /** Reads no more of the request's body: there is nowhere to send it yet. */
  holdBody(): void;
  /** Reads on: the request's body has somewhere to go. */
  moveBody(): void;
  /** The backend takes no more request bytes, so that the client is not the one to wait for, or takes them again. */
  uploadStalled(stalled: boolean): void;
  /** The client takes no more response bytes, or takes them again. */
  downloadStalled(stalled: boolean): void;
  /** Forwards a 1xx that ends nothing. */
  interim(head: ResponseHead): void;
  /**
   * Begins the response; its body follows through {@link sink}.
   * @param added field lines of our own, each with its CRLF
   * @param requestComplete whether the client has sent all of its request
   * @returns bytes that the head has on the wire
   */
  respond(head: ResponseHead, added: string, path: BodyPath, requestComplete: boolean): number;
  /** Sends the trailer fields that a response's body had. */
  trailers(lines: string): void;
  /** The response is written. @param requestComplete whether the client has sent all of its request */
  finish(requestComplete: boolean): void;
  /** Answers in Roundhouse's own name and ends the exchange. @param requestComplete as above */
  answer(answer: LocalAnswer, requestComplete: boolean): void;
  /** The response cannot be completed, for `reason`, and must look broken to the client. @param fault the broken rule or '' */
  breakOff(reason: Reason, fault?: string): void;
  /** Forwards a 101. @returns the client's end of the tunnel that the connection becomes, and bytes of the head */
  switchProtocols(head: ResponseHead, added: string): { readonly channel: ByteChannel; readonly headBytes: number };
  /** From here on every byte of the client's channel belongs to `tunnel`. */
  becomeTunnel(tunnel: Tunnel): void;
}
