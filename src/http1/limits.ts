/** http1/limits.ts: how large a head may be before it is refused instead of kept in memory. */

/** The configuration's `limits` fits it. */
export interface HeadLimits {
  /** Bytes from the first byte of the head to its empty line, both included. */
  readonly headBytes: number;
  /** Field lines. */
  readonly fields: number;
}
