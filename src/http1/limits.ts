/** http1/limits.ts: the limits past which a head is refused. */

/** The keys of the configuration's `limits` that concern heads. */
export interface HeadLimits {
  /** Most bytes of a head, from its first byte to its empty line, both included. */
  readonly headBytes: number;
  /** Most field lines of a head. */
  readonly fields: number;
}

/** Interim responses to one request. More are an attack on who reads them, not information (RFC 9110 section 15.2). */
export const MAX_INTERIM_RESPONSES = 32;
