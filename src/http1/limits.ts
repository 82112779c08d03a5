/** http1/limits.ts: the limits past which a head is refused, and the number of heads in front of a response. */

/** The keys of the configuration's `limits` that concern heads. */
export interface HeadLimits {
  /** Most bytes of a head, from its first byte to its empty line, both included. */
  readonly headBytes: number;
  /** Most field lines of a head. */
  readonly fields: number;
}

/** Most interim responses to one request (RFC 9110 section 15.2); more are an attack on those who have to read them. */
export const MAX_INTERIM_RESPONSES = 32;
