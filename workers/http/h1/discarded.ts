/**
 * workers/http/h1/discarded.ts: takes the place of a request whose client has left a shared connection: its response is
 * read and thrown away, so that those behind it on the same connection still get theirs.
 */
import type { BackendReceiver, BackendRequest, BackendStream } from '../backend-stream.js';

/** Bytes of such a response up to which reading on is cheaper than another connection. */
const WORTH_READING = 64 * 1024;

export class Discarded implements BackendReceiver {
  readonly request: BackendRequest;
  readonly requestComplete = true;
  private readonly stream: BackendStream;
  /** Bytes of the response that were thrown away. */
  private bytes = 0;

  constructor(stream: BackendStream, request: BackendRequest) {
    this.stream = stream;
    this.request = request;
  }

  onReadEnd(length: number): void {
    this.bytes += length;
    if (this.bytes > WORTH_READING) this.stream.recall();
    else this.stream.downloadStalled(false);
  }

  onSwitching(stream: BackendStream): void {
    stream.recall();
  }

  holder(): undefined {}

  onSlow(): boolean {
    return false;
  }

  // The request was sent before its client left, and there is nobody to tell of the response.
  onAssigned(): void {}
  onOpen(): void {}
  onInterim(): void {}
  onResponse(): void {}
  onBody(): void {}
  onBodyText(): void {}
  onTrailers(): void {}
  onBodyEnd(): void {}
  onDone(): void {}
  onLost(): void {}
}
