/**
 * core/probe.ts: what the primary and its probe thread exchange, and how the request of an HTTP probe is made. The text
 * of that request is built once, when the health checks of a backend begin, not for each probe.
 */
import { formatAddress, parseAddress, socketFileOf } from './address.js';
import { configuredAddress, type NamedBackend } from './backend.js';
import { HOST_OF_SOCKET_FILE } from './backend-host.js';
import type { LenientRule } from './lenient-rules.js';
import type { BackendTlsMaterial } from './secrets.js';

/** One execution of a health check. */
export interface ProbeTask {
  /** IP literal, or `unix:/path`. */
  readonly host: string;
  readonly port: number;
  /** The HTTP request and the response that passes; `undefined`: the probe passes when a TCP connection opens. */
  readonly http: HttpProbe | undefined;
  /** What the connection begins with, one byte a character: a PROXY header. */
  readonly opening?: string;
  /** Rules that the head of the response may break; none unless given. */
  readonly lenient?: readonly LenientRule[];
  /** Whose rules TLS is spoken by (docs/tls.md); `undefined`: none is spoken. The rules are sent apart, once. */
  readonly tls?: ProbeTls;
  /** Time for the whole probe: connect, send and read. */
  readonly timeoutMs: number;
}

export interface ProbeTls {
  /** Name of the pool. */
  readonly pool: string;
  readonly backend: NamedBackend;
}

export interface HttpProbe {
  /** The request as it is sent, head only: it has no body. */
  readonly request: string;
  /** The method is HEAD, so the response has no body. */
  readonly isHead: boolean;
  /** The probe passes if the status is in one of these ranges. */
  readonly statuses: readonly StatusRange[];
  /** A text that the first 64 KiB of the response body must contain; `undefined`: the body is not read. */
  readonly body: string | undefined;
}

/** A range of statuses, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** The result in words, for logs and views: `connected`, `HTTP 503`, `connection refused`, `timed out after 2 s`. */
  readonly reason: string;
  /** Duration of the probe in milliseconds. */
  readonly ms: number;
  /** Whether the time of the probe passed without an answer and without an end of the connection; `false` if missing. */
  readonly late?: boolean;
}

/** One probe for the probe thread to make; sent in batches. `id` links it to its {@link ProbeAnswer}. */
export interface ProbeOrder {
  readonly id: number;
  readonly task: ProbeTask;
}

/** What the primary sends to the probe thread: what it needs for TLS to backends, before the first order that needs it. */
export type ToProbes =
  | { readonly type: 'orders'; readonly orders: readonly ProbeOrder[] }
  | { readonly type: 'tls'; readonly material: BackendTlsMaterial | undefined };

/** The probe thread's answer to a {@link ProbeOrder}; answers come in any order. */
export type ProbeAnswer =
  | { readonly id: number; readonly result: ProbeResult }
  /** The probe could not be made for a reason on this host, given in words; it says nothing about the backend. */
  | { readonly id: number; readonly untried: string };

/** The keys of `healthCheck` in the configuration that say what a probe sends and expects. */
export interface ProbeKind {
  readonly type: 'tcp' | 'http';
  readonly path?: string | undefined;
  readonly method: string;
  /** Value of the `Host` field; by default the address that is probed. */
  readonly host?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The statuses that pass, each a status or a range: `204`, `200-399`. */
  readonly status: readonly string[];
  readonly body?: string | undefined;
  /** The port that is probed; by default the one that takes requests. A socket file has none. */
  readonly port?: number | undefined;
}

const USER_AGENT = 'roundhouse-health-check';

/** @returns the request for a backend and the response that passes; `undefined` for a TCP probe */
export function httpProbeOf(backend: NamedBackend, kind: ProbeKind): HttpProbe | undefined {
  if (kind.type === 'tcp') return undefined;
  const { method, path = '/', host = hostOf(configuredAddress(backend), kind.port), headers, status, body } = kind;
  const fields = {
    Host: host,
    ...(hasField(headers, 'user-agent') ? {} : { 'User-Agent': USER_AGENT }),
    ...headers,
    // RFC 9110 section 8.6: a request without a body whose method allows one has a Content-Length of 0.
    ...(method === 'POST' ? { 'Content-Length': '0' } : {}),
    Connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return { request, isHead: method === 'HEAD', statuses: status.map(statusRange), body };
}

/**
 * @returns the request that asks backend `id` if it is alive, whatever it serves (RFC 9110 section 9.3.7); any valid
 *   response says that it is
 */
export function aliveProbeOf(id: string): HttpProbe {
  const host = hostOf(id, undefined);
  const request = `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${USER_AGENT}\r\nConnection: close\r\n\r\n`;
  return { request, isHead: false, statuses: [{ from: 100, to: 599 }], body: undefined };
}

/** @returns whether `status` is in one of the ranges */
export function isExpected(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ from, to }) => from <= status && status <= to);
}

function hostOf(configured: string, port: number | undefined): string {
  if (socketFileOf(configured) !== undefined) return HOST_OF_SOCKET_FILE;
  const address = parseAddress(configured, 1);
  return port === undefined || typeof address === 'string' ? configured : formatAddress({ host: address.host, port });
}

function hasField(fields: Readonly<Record<string, string>>, lowerCased: string): boolean {
  return Object.keys(fields).some((name) => name.toLowerCase() === lowerCased);
}

function statusRange(text: string): StatusRange {
  const [from = '', to = from] = text.split('-');
  return { from: Number(from), to: Number(to) };
}
