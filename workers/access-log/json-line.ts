/**
 * workers/access-log/json-line.ts: formats lines as JSON objects. The text is concatenated here because
 * `JSON.stringify` costs four times as much. Fields without a value are left out; docs/access-log.md lists the fields.
 */

import type { ConnectionEntry } from './connection-entry.js';
import { type AccessEntry, copyOf, type LineFormat, type LoggedTls } from './entry.js';
import { escapeTable } from './escape.js';
import { IsoTime, millisText, numberText } from './time-text.js';

/** Escapes by RFC 8259 section 7; ASCII only, so that readers need not know an encoding. */
const ESCAPES = escapeTable((code) => {
  const character = String.fromCharCode(code);
  return character === '"' || character === '\\' ? `\\${character}` : `\\u${code.toString(16).padStart(4, '0')}`;
});

/** Backends whose text is cached; the cache is cleared when it is full. */
const MOST_BACKENDS = 16_384;

/** @param worker the worker's slot number, which every line ends with */
export function jsonFormat(worker: number): LineFormat {
  const time = new IsoTime('{"time":"', '');
  const backends = new BackendTexts();
  const end = `,"worker":${worker}}\n`;
  return {
    escapes: ESCAPES,
    frame: ({ client, peer, tls, method, version, host }) => ({
      before: copyOf(`","client":"${client}"${peerPart(peer)}${tlsPart(tls)},"method":"${method}","target":"`),
      behind: copyOf(`","version":"${version}","host":"${host}","status":`),
    }),
    // Each piece costs time when it is concatenated, and again when the line is flattened: so there are few of them.
    line: (entry) =>
      time.at(entry.endedAt) +
      (entry.isRead ? entry.frame.before + entry.target + entry.frame.behind : unreadPart(entry)) +
      numberText(entry.status) +
      (entry.reason === '' ? ',"requestBytes":' : `${reasonPart(entry)},"requestBytes":`) +
      numberText(entry.requestBytes) +
      ',"responseBytes":' +
      numberText(entry.responseBytes) +
      timesPart(entry) +
      (entry.attempts === 1 ? backends.part(entry.pool, entry.backend) : backendPart(entry)) +
      headPart(entry) +
      end,
    // Far fewer than requests: a connection's line may cost what `JSON.stringify` does.
    connection: (entry) => `${time.at(entry.endedAt)}",${connectionText(entry).slice(1, -1)}${end}`,
  };
}

/** @returns an object with the fields of a connection's line that have a value */
function connectionText(entry: ConnectionEntry): string {
  const { client, peer, listener, serverName, pool, backend, attempts, connectUs } = entry;
  return JSON.stringify({
    client,
    peer: peer === '' ? undefined : peer,
    protocol: 'tcp',
    listener,
    serverName: serverName === '' ? undefined : serverName,
    receivedBytes: entry.receivedBytes,
    sentBytes: entry.sentBytes,
    durationMs: entry.durationUs / 1_000,
    connectMs: connectUs < 0 ? undefined : connectUs / 1_000,
    attempts,
    pool: pool === '' ? undefined : pool,
    backend: backend === '' ? undefined : backend,
    ended: entry.ended,
    fault: entry.fault === '' ? undefined : entry.fault,
  });
}

function peerPart(peer: string): string {
  return peer === '' ? '' : `,"peer":"${peer}"`;
}

function tlsPart(tls: LoggedTls | undefined): string {
  if (tls === undefined) return '';
  const name = tls.servername === '' ? '' : `,"sni":"${tls.servername}"`;
  return `,"tls":"${tls.version}","cipher":"${tls.cipher}"${name}`;
}

function unreadPart({ client, line }: AccessEntry): string {
  return `","client":"${client}","line":"${line}","status":`;
}

function reasonPart({ reason, fault }: AccessEntry): string {
  return fault === '' ? `,"reason":"${reason}"` : `,"reason":"${reason}","fault":"${fault}"`;
}

function timesPart({ durationUs, firstByteUs, connectUs, backendUs }: AccessEntry): string {
  const duration = millisText(durationUs);
  let out = `,"durationMs":${duration}`;
  if (firstByteUs < 0) return out;
  // With a short response two or three of the times are equal: the text is reused.
  const firstByte = firstByteUs === durationUs ? duration : millisText(firstByteUs);
  out += `,"firstByteMs":${firstByte}`;
  if (backendUs >= 0) out += `,"backendMs":${backendUs === firstByteUs ? firstByte : millisText(backendUs)}`;
  return connectUs < 0 ? out : `${out},"connectMs":${millisText(connectUs)}`;
}

function backendPart({ pool, backend, attempts }: Pick<AccessEntry, 'pool' | 'backend' | 'attempts'>): string {
  if (pool === '') return '';
  if (backend === '') return `,"attempts":${attempts},"pool":"${pool}"`;
  return `,"attempts":${attempts},"pool":"${pool}","backend":"${backend}"`;
}

function headPart({ route, requestId, traceId, referer, userAgent }: AccessEntry): string {
  let out = route === '' ? '' : `,"route":"${route}"`;
  if (requestId !== '') out += `,"requestId":"${requestId}"`;
  if (traceId !== '') out += `,"traceId":"${traceId}"`;
  if (referer !== '') out += `,"referer":"${referer}"`;
  if (userAgent !== '') out += `,"userAgent":"${userAgent}"`;
  return out;
}

/**
 * Caches the text about pool and backend of requests that needed one attempt: the same for all of a backend's requests.
 */
class BackendTexts {
  private readonly known = new Map<string, { readonly pool: string; readonly text: string }>();

  part(pool: string, backend: string): string {
    const known = this.known.get(backend);
    if (known?.pool === pool) return known.text;
    if (this.known.size >= MOST_BACKENDS) this.known.clear();
    const text = copyOf(backendPart({ pool, backend, attempts: 1 }));
    this.known.set(backend, { pool, text });
    return text;
  }
}
