/**
 * workers/http/transfer.ts: the bytes of one request and its response between a client connection and an upstream
 * connection, and those of the request that are kept for another attempt.
 */
import type { ClientConnection } from './client-connection.js';
import { Flow, type FlowOwner } from './flow.js';
import type { HttpPool } from './http-pool.js';
import type { Plane } from './plane.js';
import type { UpstreamConnection } from './upstream-connection.js';

export abstract class Transfer implements FlowOwner {
  /** All of the request body was received and sent on. */
  requestComplete: boolean;
  /** The response's body lasts until the backend closes. */
  endsWithConnection = false;
  /** The request's head as it goes to a backend. */
  readonly head: string;
  readonly client: ClientConnection;
  protected readonly plane: Plane;
  protected readonly pool: HttpPool;
  protected connection: UpstreamConnection | undefined;
  /** The client speaks HTTP/1.0 and gets the payload of the chunks. */
  protected dechunk = false;
  /** When the backend had all it needs for an answer, or will have it at once. */
  protected askedAt = 0;
  /** The response ended when it began, so that the clock need not be asked again. */
  protected inOneGo = true;
  /** Every body byte so far, for another attempt; `undefined` once there are too many to keep. */
  private replay: string | undefined;
  private requestFlow: Flow | undefined;
  private responseFlow: Flow | undefined;

  constructor(pool: HttpPool, client: ClientConnection, head: string, body: string, complete: boolean) {
    this.plane = pool.plane;
    this.pool = pool;
    this.client = client;
    this.head = head;
    this.replay = body;
    this.requestComplete = complete;
  }

  /** All that was received of the body, if it is at hand; no more than is kept. */
  get keptBody(): string {
    return this.replay ?? '';
  }

  /** Every byte of it so far is at hand, to be sent again. */
  get isKept(): boolean {
    return this.replay !== undefined && this.replay.length <= this.pool.dispatch.config.retries.bodyBytes;
  }

  /** Until there is somewhere to send it, the client keeps the rest of its body. */
  holdBody(): void {
    if (!this.requestComplete) this.client.hold();
  }

  /** The connection is open: sends what there is of the request. */
  send(connection: UpstreamConnection): void {
    this.connection = connection;
    if (!connection.reused) this.client.record?.connected();
    connection.expectResponse();
    const body = this.replay ?? '';
    if (this.requestComplete) {
      connection.writer.write(this.head + body);
      connection.requestSent();
      return;
    }
    if (body.length > this.pool.dispatch.config.retries.bodyBytes) this.replay = undefined;
    this.requestFlow = new Flow(this.client, connection.socket, this.plane.buffers, this);
    this.client.moveBody();
    this.requestFlow.writeText(this.head + body);
    this.requestFlow.settle();
  }

  /** More of the request body: `buffer[0, end)` of a read of the client's. */
  onRequestBody(buffer: Buffer, end: number, length: number, complete: boolean): void {
    this.remember(buffer, end);
    const flow = this.requestFlow;
    flow?.write(buffer, 0, end);
    if (!complete) {
      flow?.settle();
      flow?.adapt(length);
      return;
    }
    this.requestComplete = true;
    // The client's time to send a body is not the backend's to answer for.
    this.askedAt = performance.now();
    flow?.finish(false);
    this.requestFlow = undefined;
    this.connection?.requestSent();
  }

  /**
   * Forwards a response's head and what came of its body.
   * @param text the whole read, when it fits in one write of text with what it is forwarded as
   * @returns the offset in `buffer` behind the last byte of the message
   */
  protected forward(
    headText: string,
    text: string | undefined,
    connection: UpstreamConnection,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    if (this.dechunk) return this.writePayload(headText, connection, buffer, from, length);
    const { record, socket, writer } = this.client;
    const end = connection.body.scan(buffer, from, length);
    record?.sent(end - from);
    if (connection.body.done && text !== undefined) {
      const bodyAt = this.plane.responseHead.length;
      writer.write(headText + text.slice(bodyAt, bodyAt + end - from));
      return end;
    }
    const flow = this.flowFrom(connection);
    socket.cork();
    socket.write(headText, 'latin1');
    flow.write(buffer, from, end);
    socket.uncork();
    return end;
  }

  /** More of the response body. @returns the offset behind the message's last byte */
  onResponseBody(connection: UpstreamConnection, buffer: Buffer, length: number): number {
    if (this.dechunk) return this.writePayload('', connection, buffer, 0, length);
    const end = connection.body.scan(buffer, 0, length);
    this.client.record?.sent(end);
    this.flowFrom(connection).write(buffer, 0, end);
    return end;
  }

  /** A read of `length` was forwarded and the response goes on. */
  awaitMore(connection: UpstreamConnection, length: number): void {
    connection.downloadStalled(false);
    this.inOneGo = false;
    this.client.record?.goesOn();
    const flow = this.flowFrom(connection);
    flow.settle();
    flow.adapt(length);
  }

  /** The last byte of the response was read and forwarded. */
  onResponseRead(): void {
    this.responseFlow?.finish(true);
    this.responseFlow = undefined;
  }

  onStalled(flow: Flow): void {
    if (flow === this.requestFlow) {
      this.client.uploadStalled(true);
      this.connection?.uploadStalled(true);
    } else {
      this.connection?.downloadStalled(true);
      this.client.downloadStalled(true);
    }
  }

  onMoving(flow: Flow): void {
    if (flow === this.requestFlow) {
      this.connection?.uploadStalled(false);
      this.client.uploadStalled(false);
    } else {
      this.client.downloadStalled(false);
      this.connection?.downloadStalled(false);
    }
  }

  protected stopUpload(): void {
    this.requestFlow?.abandon();
    this.requestFlow = undefined;
  }

  protected stopDownload(): void {
    this.responseFlow?.abandon();
    this.responseFlow = undefined;
  }

  /** RFC 9112 section 7: a client that speaks HTTP/1.0 gets the payload, and the end of the connection as its end. */
  private writePayload(
    headText: string,
    connection: UpstreamConnection,
    buffer: Buffer,
    from: number,
    length: number,
  ): number {
    let payload = headText;
    const end = connection.body.scan(buffer, from, length, (start, stop) => {
      payload += buffer.toString('latin1', start, stop);
    });
    this.client.record?.sent(payload.length - headText.length);
    if (payload !== '') this.flowFrom(connection).writeText(payload);
    return end;
  }

  private flowFrom(connection: UpstreamConnection): Flow {
    this.responseFlow ??= new Flow(connection, this.client.socket, this.plane.buffers, this);
    return this.responseFlow;
  }

  private remember(buffer: Buffer, end: number): void {
    if (this.replay === undefined) return;
    const fits = this.replay.length + end <= this.pool.dispatch.config.retries.bodyBytes;
    this.replay = fits ? this.replay + buffer.toString('latin1', 0, end) : undefined;
  }
}
