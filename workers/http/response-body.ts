/**
 * workers/http/response-body.ts: moves the body of a response to a client. A response that is written in one go with its
 * head has no such object.
 */
import { Flow, type FlowOwner } from '../flow.js';
import type { ReadBuffers } from '../read-buffers.js';
import type { BackendStream } from './backend-stream.js';
import type { ClientStream } from './client-stream.js';

export class ResponseBody implements FlowOwner {
  private readonly stream: BackendStream;
  private readonly client: ClientStream;
  private readonly flow: Flow;
  private isOver = false;

  constructor(stream: BackendStream, client: ClientStream, buffers: ReadBuffers) {
    this.stream = stream;
    this.client = client;
    this.flow = new Flow(stream.channel, client.sink, buffers, this);
  }

  /** Writes `bytes[from, to)` of the current read. */
  write(bytes: Buffer, from: number, to: number): void {
    this.flow.write(bytes, from, to);
  }

  /** A read of `length` bytes has been written, and the body goes on. @param costly whether others come first now */
  awaitMore(length: number, costly: boolean): void {
    this.flow.settle();
    this.flow.adapt(length);
    if (costly) this.flow.rest();
  }

  /** The last byte of the body has been written. Call it within its read, or at the end of the connection. */
  finish(): void {
    this.isOver = true;
    this.flow.finish(true);
  }

  /** The rest will not come, or is not wanted. */
  abandon(): void {
    if (!this.isOver) this.flow.abandon();
    this.isOver = true;
  }

  onStalled(): void {
    this.stream.downloadStalled(true);
    this.client.downloadStalled(true);
  }

  onMoving(): void {
    this.client.downloadStalled(false);
    this.stream.downloadStalled(false);
  }
}
