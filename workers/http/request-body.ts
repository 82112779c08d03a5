/**
 * workers/http/request-body.ts: moves the body of a request to a backend, and keeps the beginning of it for another
 * attempt. A request without a body has no such object.
 */
import { Flow, type FlowOwner } from '../flow.js';
import type { BackendRequest, BackendStream } from './backend-stream.js';
import type { ClientStream } from './client-stream.js';
import type { HttpPool } from './http-pool.js';

export class RequestBody implements FlowOwner {
  /** Whether all of the body was received. */
  isComplete: boolean;
  private readonly pool: HttpPool;
  private readonly client: ClientStream;
  /** Every byte so far, for another attempt; `undefined` once there are too many to keep. */
  private kept: string | undefined;
  /** The stream that the body is sent on; `undefined` while there is none. */
  private stream: BackendStream | undefined;
  private flow: Flow | undefined;

  /** @param text the part of the body that came with the head @param isComplete whether that is all of it */
  constructor(pool: HttpPool, client: ClientStream, text: string, isComplete: boolean) {
    this.pool = pool;
    this.client = client;
    this.kept = text;
    this.isComplete = isComplete;
  }

  /** Whether every byte so far is kept, to be sent again. */
  get isKept(): boolean {
    return this.kept !== undefined && this.kept.length <= this.mostKept;
  }

  /** Stops reading the rest of the body until there is a stream to send it on. */
  hold(): void {
    if (!this.isComplete) this.client.holdBody();
  }

  /** Sends the request's head and its body so far; the rest of the body follows on the same stream. */
  sendOn(stream: BackendStream, request: BackendRequest): void {
    const { kept = '' } = this;
    if (this.isComplete) return stream.send(request, kept, true);
    if (kept.length > this.mostKept) this.kept = undefined;
    this.stream = stream;
    this.flow = new Flow(this.client.source, stream.channel, this.pool.context.buffers, this);
    this.client.moveBody();
    stream.send(request, kept, false);
    this.flow.settle();
  }

  /** More of the body: `bytes[0, end)` of a read of `length` bytes of the client's. */
  add(bytes: Buffer, end: number, length: number, isComplete: boolean): void {
    this.keep(bytes, end);
    const { flow } = this;
    flow?.write(bytes, 0, end);
    if (!isComplete) {
      flow?.settle();
      flow?.adapt(length);
      return;
    }
    this.isComplete = true;
    flow?.finish(false);
    this.flow = undefined;
  }

  /** The last read was costly: the next one comes after those of others. */
  rest(): void {
    this.flow?.rest();
  }

  /** Sends nothing more on the current stream, which is lost or not wanted. */
  stop(): void {
    this.flow?.abandon();
    this.flow = undefined;
    this.stream = undefined;
  }

  onStalled(): void {
    this.client.uploadStalled(true);
    this.stream?.uploadStalled(true);
  }

  onMoving(): void {
    this.stream?.uploadStalled(false);
    this.client.uploadStalled(false);
  }

  /** Most bytes to keep for another attempt. */
  private get mostKept(): number {
    return this.pool.dispatch.config.retries.bodyBytes;
  }

  private keep(bytes: Buffer, end: number): void {
    if (this.kept === undefined) return;
    const fits = this.kept.length + end <= this.mostKept;
    this.kept = fits ? this.kept + bytes.toString('latin1', 0, end) : undefined;
  }
}
