/**
 * core/probe.ts: what a probe is asked and what it answers. The primary asks; a thread of its own tries and answers.
 * What an HTTP probe sends is written once, when a backend begins to be watched, and not again for each probe.
 */
import { formatAddress, parseAddress } from './address.js';
import type { BackendId } from './backend.js';

/** One try of a health check. */
export interface ProbeTask {
  /** IP literal. */
  readonly host: string;
  readonly port: number;
  /** Without it a TCP connect decides. */
  readonly http: HttpProbe | undefined;
  /** For the whole probe: connect, send and read, in milliseconds. */
  readonly timeoutMs: number;
}

export interface HttpProbe {
  /** The whole request as it is sent; it has no body. */
  readonly request: string;
  readonly isHead: boolean;
  /** What the status has to be. */
  readonly statuses: readonly StatusRange[];
  /** What the beginning of the response's body has to hold. */
  readonly body: string | undefined;
}

/** Both ends belong to it. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** In words, for people: `connected`, `HTTP 503`, `connection refused`, `timed out after 2 s`. */
  readonly reason: string;
  /** How long the probe took, in milliseconds. */
  readonly ms: number;
}

/** A probe asked for, and its number: what goes to the thread, several at a time. */
export interface ProbeOrder {
  readonly id: number;
  readonly task: ProbeTask;
}

/** What comes back, in any order. */
export type ProbeAnswer =
  | { readonly id: number; readonly result: ProbeResult }
  /** It could not even be tried, which says nothing about the backend; `untried` says why. */
  | { readonly id: number; readonly untried: string };

/** How a pool's backends are probed; the configuration's `healthCheck` fits it. */
export interface ProbeKind {
  readonly type: 'tcp' | 'http';
  readonly path?: string | undefined;
  readonly method: string;
  /** What `Host` says; the backend's address where it is probed unless given. */
  readonly host?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Each a status or a range: `204`, `200-399`. */
  readonly status: readonly string[];
  readonly body?: string | undefined;
  /** Where the backend is probed, if not where it takes requests. */
  readonly port?: number | undefined;
}

/** @returns what the backend of this id is sent and has to answer; `undefined` where a TCP connect decides */
export function httpProbeOf(id: BackendId, kind: ProbeKind): HttpProbe | undefined {
  if (kind.type === 'tcp') return undefined;
  const { method, path = '/', host = hostOf(id, kind.port), headers, status, body } = kind;
  const fields = {
    Host: host,
    ...(hasField(headers, 'user-agent') ? {} : { 'User-Agent': 'roundhouse-health-check' }),
    ...headers,
    // RFC 9110 section 8.6: a method that could have a body says that there is none.
    ...(method === 'POST' ? { 'Content-Length': '0' } : {}),
    Connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return { request, isHead: method === 'HEAD', statuses: status.map(statusRange), body };
}

/** @returns whether `status` is in one of the ranges */
export function isExpected(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ from, to }) => from <= status && status <= to);
}

function hostOf(id: BackendId, port: number | undefined): string {
  const address = parseAddress(id, 1);
  return port === undefined || typeof address === 'string' ? id : formatAddress({ host: address.host, port });
}

function hasField(fields: Readonly<Record<string, string>>, lowerCased: string): boolean {
  return Object.keys(fields).some((name) => name.toLowerCase() === lowerCased);
}

function statusRange(text: string): StatusRange {
  const [from = '', to = from] = text.split('-');
  return { from: Number(from), to: Number(to) };
}
