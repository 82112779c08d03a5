/** core/probe.ts: what a probe is asked and what it answers. The primary asks; a piscina thread tries and answers. */

/** One try of a health check. */
export interface ProbeTask {
  /** IP literal. */
  readonly host: string;
  readonly port: number;
  /** HTTP GET of this path; without it a TCP connect decides. */
  readonly path: string | undefined;
  /** What the request says in `Host`; unused by a TCP probe. */
  readonly hostHeader: string;
  /** For the whole probe: connect, send and read, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** In words, for people: `connected`, `HTTP 503`, `connection refused`, `timed out after 2 s`. */
  readonly reason: string;
  /** How long the probe took, in milliseconds. */
  readonly ms: number;
}
