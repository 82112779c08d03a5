/**
 * workers/http/outgoing-request.ts: a request on its way to a backend. It keeps the client's head until a backend turns
 * out to speak HTTP/1.1, and from then on the text for such backends, which every further attempt sends as well.
 */
import type { RouteTimeouts } from '../../src/config/routes.js';
import type { Backend } from '../../src/core/backend.js';
import { hostOfBackend } from '../../src/core/backend-host.js';
import type { BodyTaker } from '../../src/core/body-path.js';
import { clientKey } from '../../src/core/client-key.js';
import {
  type Additions,
  type ClientSide,
  type Edits,
  forwardRequestHead,
  HOST_OF_BACKEND,
} from '../../src/http1/forward-request.js';
import { parseRequestHead, type RequestHead } from '../../src/http1/request-head.js';
import { writeProxyHeader } from '../../src/inbound/proxy-header.js';
import type { BackendRequest } from './backend-stream.js';
import type { ClientStream } from './client-stream.js';
import type { HttpPool } from './http-pool.js';
import type { ResponseEdits } from './response-edits.js';

export class OutgoingRequest implements BackendRequest {
  readonly isHead: boolean;
  readonly upgrade: boolean;
  readonly takes: BodyTaker;
  readonly timeouts: RouteTimeouts | undefined;
  readonly opening: string;
  readonly mayShare: boolean;
  /** Sending it twice does no more than sending it once (RFC 9110 section 9.2.2). */
  readonly idempotent: boolean;
  /** What the request's route changes of the response; `undefined` for nothing. */
  readonly responseEdits: ResponseEdits | undefined;
  private readonly pool: HttpPool;
  private readonly clientSide: ClientSide;
  private readonly additions: Additions;
  private readonly edits: Edits | undefined;
  /** The client's head, until {@link http1Head} was made of it. */
  private head: RequestHead | undefined;
  /** {@link http1Head} once it was made. */
  private text = '';

  /**
   * @param head becomes this request's
   * @param edits what the request's route, its pool and the tracing change of the head
   * @param isWhole whether the request has no body
   */
  constructor(
    pool: HttpPool,
    client: ClientStream,
    head: RequestHead,
    additions: Additions,
    edits: Edits | undefined,
    isWhole: boolean,
  ) {
    this.pool = pool;
    this.clientSide = client.clientSide;
    this.additions = additions;
    this.edits = edits;
    this.head = head;
    this.isHead = head.method === 'HEAD';
    this.upgrade = head.upgrade;
    this.takes = client.takes;
    this.timeouts = client.route?.timeouts;
    this.idempotent = head.idempotent;
    this.responseEdits = client.route?.responses?.editsFor(head, client);
    const { proxyProtocol } = pool.dispatch.config;
    this.opening = proxyProtocol === undefined ? '' : writeProxyHeader(proxyProtocol, client.endpoints);
    this.mayShare = pool.pipelines && isWhole && isPlain(head);
  }

  http1Head({ listed }: { readonly listed: Backend }): string {
    const { head } = this;
    if (head !== undefined) {
      this.text = forwardRequestHead(head, this.clientSide, this.pool.name, this.additions, this.edits);
      this.release();
    }
    return this.edits === undefined ? this.text : this.named(listed);
  }

  /** @returns the head, with the backend's own Host where that is to be sent */
  private named(listed: Backend): string {
    const { text } = this;
    return this.edits?.host === HOST_OF_BACKEND ? text.replace(HOST_OF_BACKEND, hostOfBackend(listed)) : text;
  }

  /**
   * The key by which the client counts. Behind a trusted proxy it is read from the head as it was sent, since few
   * requests are asked for it.
   */
  get clientKey(): string {
    const { clientSide, pool, text } = this;
    const { intake, heads } = pool.context;
    if (!clientSide.trusted) return clientKey(clientSide.address);
    if (this.head !== undefined) return clientKey(intake.policy.clientAddress(this.head, clientSide));
    const head = heads.take();
    const limits = { headBytes: text.length + 1, fields: text.length };
    const isRead = parseRequestHead(text, Buffer.from(text, 'latin1'), limits, head) === 'complete';
    const address = isRead ? intake.policy.clientAddress(head, clientSide) : clientSide.address;
    heads.give(head);
    return clientKey(address);
  }

  /** Gives the head back: no further backend will be asked. */
  release(): void {
    if (this.head === undefined) return;
    this.pool.context.heads.give(this.head);
    this.head = undefined;
  }

  /** Lets go of the request's text: no further attempt follows, and what does may last for hours. */
  forget(): void {
    this.release();
    this.text = '';
  }
}

/**
 * Whether a request may be sent behind another: it can be repeated, has no body, and waits for neither a 100 nor a 101.
 */
function isPlain({ method, framing, upgrade, expectContinue }: RequestHead): boolean {
  return (method === 'GET' || method === 'HEAD') && framing === 'none' && !upgrade && !expectContinue;
}
