/**
 * workers/access-log/json-line.ts: one JSON object a line, put together by hand: `JSON.stringify` of an object costs
 * four times as much. What has nothing to say is left out; docs/access-log.md lists the fields.
 */
import { type AccessEntry, copyOf, type LineFormat } from './entry.js';
import { escapeTable } from './escape.js';
import { IsoTime, millisText, numberText } from './time-text.js';

/** RFC 8259 section 7, and ASCII only, so that no reader has to guess an encoding. */
const ESCAPES = escapeTable((code) => {
  const character = String.fromCharCode(code);
  return character === '"' || character === '\\' ? `\\${character}` : `\\u${code.toString(16).padStart(4, '0')}`;
});

/** Backends come and go; so many are remembered before all are forgotten. */
const MOST_BACKENDS = 16_384;

/** @param worker its number, which every line ends with */
export function jsonFormat(worker: number): LineFormat {
  const time = new IsoTime('{"time":"', '');
  const backends = new FirstAttempts();
  const end = `,"worker":${worker}}\n`;
  return {
    escapes: ESCAPES,
    around: (client, method, minorVersion, host) => ({
      before: copyOf(`","client":"${client}","method":"${method}","target":"`),
      behind: copyOf(`","version":"1.${minorVersion}","host":"${host}","status":`),
    }),
    // Each piece is paid for when the line is put together, and again when it is flattened: hence few of them.
    line: (entry) =>
      time.at(entry.endedAt) +
      (entry.isRead ? entry.around.before + entry.target + entry.around.behind : unreadPart(entry)) +
      numberText(entry.status) +
      (entry.reason === '' ? ',"requestBytes":' : `${reasonPart(entry)},"requestBytes":`) +
      numberText(entry.requestBytes) +
      ',"responseBytes":' +
      numberText(entry.responseBytes) +
      timesPart(entry) +
      (entry.attempts === 1 ? backends.part(entry.pool, entry.backend) : backendPart(entry)) +
      headPart(entry) +
      end,
  };
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
  // A short answer comes in one piece, so that two or all three are the same.
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

function headPart({ requestId, traceId, referer, userAgent }: AccessEntry): string {
  let out = requestId === '' ? '' : `,"requestId":"${requestId}"`;
  if (traceId !== '') out += `,"traceId":"${traceId}"`;
  if (referer !== '') out += `,"referer":"${referer}"`;
  if (userAgent !== '') out += `,"userAgent":"${userAgent}"`;
  return out;
}

/** What a line says about the backend when the first attempt did: the same for all of its requests. */
class FirstAttempts {
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
