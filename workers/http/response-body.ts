/**
 * workers/http/response-body.ts: moves the body of a response to a client. A response that is written in one go with its
 * head has no such object.
 */
import { Flow, type FlowOwner } from '../flow.js';
import type { TimerWheel } from '../timer-wheel.js';
import type { WorkerContext } from '../worker-context.js';
import type { BackendStream } from './backend-stream.js';
import type { ClientStream } from './client-stream.js';

/** A client that was behind for so long may be why its backend ended the response; servers wait longer than that. */
const HELD_UP_MS = 1_000;

export class ResponseBody implements FlowOwner {
  private readonly stream: BackendStream;
  private readonly client: ClientStream;
  private readonly flow: Flow;
  private readonly wheel: TimerWheel;
  private isOver = false;
  /** When the client last fell behind, in milliseconds of the worker's coarse clock; `undefined` while it keeps up. */
  private stalledMs: number | undefined;
  /** How long it was behind before that, in milliseconds. */
  private heldUpMs = 0;

  constructor(stream: BackendStream, client: ClientStream, { buffers, wheel }: WorkerContext) {
    this.stream = stream;
    this.client = client;
    this.wheel = wheel;
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

  /** Whether the client has been behind for {@link HELD_UP_MS} altogether. */
  get wasHeldUp(): boolean {
    const sinceMs = this.stalledMs === undefined ? 0 : this.wheel.now - this.stalledMs;
    return this.heldUpMs + sinceMs >= HELD_UP_MS;
  }

  onStalled(): void {
    this.stalledMs = this.wheel.now;
    this.stream.downloadStalled(true);
    this.client.downloadStalled(true);
  }

  onMoving(): void {
    this.heldUpMs += this.stalledMs === undefined ? 0 : this.wheel.now - this.stalledMs;
    this.stalledMs = undefined;
    this.client.downloadStalled(false);
    this.stream.downloadStalled(false);
  }
}
