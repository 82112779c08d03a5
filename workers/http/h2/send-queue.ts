/**
 * workers/http/h2/send-queue.ts: the streams of a connection that have something to send, in the order of their urgency
 * (RFC 9218 section 4.1); those of one urgency take turns, a frame each.
 */
import type { StreamChannel } from './stream-channel.js';

/** Urgencies, from 0 for the most urgent to 7. */
const URGENCIES = 8;
export const DEFAULT_URGENCY = 3;

export class SendQueue {
  private readonly turns: StreamChannel[][] = Array.from({ length: URGENCIES }, () => []);
  private readonly waiting = new Set<StreamChannel>();
  /** The urgency of the streams for which it is not the default. */
  private readonly urgencies = new Map<number, number>();

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** @param urgency 0 to 7 */
  setUrgency(streamId: number, urgency: number): void {
    if (urgency === DEFAULT_URGENCY) this.urgencies.delete(streamId);
    else this.urgencies.set(streamId, urgency);
  }

  /** Forgets a stream that has ended. */
  forget(channel: StreamChannel): void {
    this.urgencies.delete(channel.id);
    if (!this.waiting.delete(channel)) return;
    for (const turn of this.turns) {
      const at = turn.indexOf(channel);
      if (at >= 0) turn.splice(at, 1);
    }
  }

  /** Puts a stream behind the others of its urgency, unless it waits already. */
  add(channel: StreamChannel): void {
    if (this.waiting.has(channel)) return;
    this.waiting.add(channel);
    this.turns[this.urgencies.get(channel.id) ?? DEFAULT_URGENCY]?.push(channel);
  }

  /** Takes the stream whose turn it is; add it again if it has more. */
  next(): StreamChannel | undefined {
    for (const turn of this.turns) {
      const channel = turn.shift();
      if (channel === undefined) continue;
      this.waiting.delete(channel);
      return channel;
    }
    return undefined;
  }
}

/**
 * @param value of a Priority field or frame (RFC 9218 section 4), a structured dictionary such as `u=1, i`
 * @returns the urgency, 0 to 7; the default one where none is told or what is told is not valid
 */
export function urgencyIn(value: string): number {
  const found = /(?:^|,)[ \t]*u=([0-7])[ \t]*(?:[,;]|$)/.exec(value);
  return found === null ? DEFAULT_URGENCY : Number(found[1]);
}
