/**
 * workers/http/client-stream.ts: what an exchange, its recovery and a tunnel need of a client, whatever protocol that
 * speaks. A codec implements it: it calls the exchange with what the client sends, and writes what the exchange answers.
 */
import type { BodyPath, BodyTaker } from '../../src/core/body-path.js';
import type { Reason } from '../../src/core/reason.js';
import type { ClientSide } from '../../src/http1/forward-request.js';
import type { ResponseHead } from '../../src/http1/response-head.js';
import type { Endpoints } from '../../src/inbound/endpoints.js';
import type { AccessRecord } from '../access-log/record.js';
import type { Arrival } from '../inbound/arrival.js';
import type { ByteChannel, ByteSink, ByteSource } from '../transport.js';
import type { Tunnel } from '../tunnel.js';
import type { HeldConnections } from './held-connections.js';
import type { LocalAnswer } from './local-answer.js';
import type { Route } from './route.js';

/** A client's request as the intake sees it. */
export interface IntakeRequest {
  readonly isHttp2: boolean;
  /** When the request's first byte was read, in milliseconds of `performance.now`. */
  readonly arrivedMs: number;
  /** The request's line of the access log, as far as it is known; `undefined` without an access log. */
  readonly record: AccessRecord | undefined;
  /** The route of the request, set by the intake; `undefined` before, and where there are no routes. */
  route: Route | undefined;
  /** The connection that the request came by. */
  readonly arrival: Arrival;
  /** The client as backends are told of it. */
  readonly clientSide: ClientSide;
  /** Where the client is, and what it has connected to; `undefined` when it was gone before anybody asked. */
  readonly endpoints: Endpoints | undefined;
  /** Bytes of the request's body that have been received. */
  readonly bodyBytes: number;
  /** The rate limit that the intake waited for has been answered: the intake can be asked again. */
  goOn(): void;
}

/** One request of a client and the way back for its response. */
export interface ClientStream extends IntakeRequest {
  /** The framing of bodies that the client understands. */
  readonly takes: BodyTaker;
  /** The backends' connections that belong to the client's own; `undefined` while no backend has asked for that. */
  held: HeldConnections | undefined;
  /** The source of the request's body. */
  readonly source: ByteSource;
  /** The sink of the response's body. */
  readonly sink: ByteSink;
  /** Stops reading the request's body, which has nowhere to go yet; no timeout runs for the client. */
  holdBody(): void;
  /** Reads the request's body again, which has somewhere to go now. */
  moveBody(): void;
  /** The backend takes no more request bytes, so that no timeout runs for the client, or takes them again. */
  uploadStalled(stalled: boolean): void;
  /** The client takes no more response bytes, or takes them again. */
  downloadStalled(stalled: boolean): void;
  /** Forwards an interim response: a 1xx other than 101. */
  interim(head: ResponseHead): void;
  /**
   * Begins the response; its body follows through {@link sink}.
   * @param added field lines to send in addition, each with its CRLF
   * @param path how the body that follows is framed
   * @param requestComplete whether the client has sent all of its request
   * @returns bytes of the head as sent
   */
  respond(head: ResponseHead, added: string, path: BodyPath, requestComplete: boolean): number;
  /** Sends the trailer fields behind a response's body. @param lines each with its CRLF */
  trailers(lines: string): void;
  /** The response is written. @param requestComplete whether the client has sent all of its request */
  finish(requestComplete: boolean): void;
  /** Sends an answer of Roundhouse's own and ends the exchange. @param requestComplete as for {@link finish} */
  answer(answer: LocalAnswer, requestComplete: boolean): void;
  /**
   * Ends a response that cannot be completed, in a way that looks broken to the client.
   * @param fault the rule or limit that the backend's response broke, for the access log
   */
  breakOff(reason: Reason, fault?: string): void;
  /** Forwards a 101. @returns the client's end of the tunnel, and bytes of the head as sent */
  switchProtocols(head: ResponseHead, added: string): { readonly channel: ByteChannel; readonly headBytes: number };
  /** From here on every byte of the client's channel belongs to `tunnel`. */
  becomeTunnel(tunnel: Tunnel): void;
}
