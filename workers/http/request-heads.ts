/**
 * workers/http/request-heads.ts: a pool of request heads to parse into. A head belongs to whoever took it until it is
 * given back: after a moment for a request that is sent at once, later for one that waits for a connection.
 */
import { RequestHead } from '../../src/http1/request-head.js';

/** Most heads that are kept for further requests; any others are left to the garbage collector. */
const MOST_SPARE = 256;

export class RequestHeads {
  private readonly spare: RequestHead[] = [];

  /** @returns a head of the caller's own, who must {@link give} it back once */
  take(): RequestHead {
    return this.spare.pop() ?? new RequestHead();
  }

  /** Takes a head back, which nobody refers to any more. */
  give(head: RequestHead): void {
    if (this.spare.length >= MOST_SPARE) return;
    head.forgetText();
    this.spare.push(head);
  }
}
