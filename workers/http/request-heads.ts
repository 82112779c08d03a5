/**
 * workers/http/request-heads.ts: request heads to parse into. A head belongs to whoever took it until it is given back:
 * a request that is sent at once needs it for a moment, one that waits for a connection keeps it that long.
 */
import { RequestHead } from '../../src/http1/request-head.js';

/** Heads that are kept for the next requests; more than that are left to the garbage collector. */
const MOST_SPARE = 256;

export class RequestHeads {
  private readonly spare: RequestHead[] = [];

  /** The caller owns the head and must {@link give} it back, once. */
  take(): RequestHead {
    return this.spare.pop() ?? new RequestHead();
  }

  give(head: RequestHead): void {
    if (this.spare.length >= MOST_SPARE) return;
    head.forgetText();
    this.spare.push(head);
  }
}
