/**
 * workers/access-log/chosen-fields.ts: formats JSON lines that have some of the fields only, in the order in which they
 * were chosen. A table has the text of each field; a field that the entry has nothing to say of is left out.
 */
import type { LogField, RequestField } from '../../src/core/log-fields.js';
import type { AccessEntry, LineFormat } from './entry.js';
import { IsoTime, millisText, numberText } from './time-text.js';

/** @returns the JSON text of a field's value; '' for none */
type FieldText = (entry: AccessEntry) => string;

const TEXTS: Readonly<Record<Exclude<RequestField, 'time' | 'worker'>, FieldText>> = {
  client: ({ client }) => `"${client}"`,
  peer: ({ peer }) => quoted(peer),
  tls: ({ isRead, tls }) => (isRead && tls !== undefined ? quoted(tls.version) : ''),
  cipher: ({ isRead, tls }) => (isRead && tls !== undefined ? quoted(tls.cipher) : ''),
  sni: ({ isRead, tls }) => (isRead && tls !== undefined ? quoted(tls.servername) : ''),
  method: ({ isRead, method }) => (isRead ? `"${method}"` : ''),
  target: (entry) => (entry.isRead ? `"${entry.target}"` : ''),
  version: ({ isRead, version }) => (isRead ? `"${version}"` : ''),
  host: ({ isRead, host }) => (isRead ? `"${host}"` : ''),
  line: ({ isRead, line }) => (isRead ? '' : `"${line}"`),
  status: ({ status }) => numberText(status),
  reason: ({ reason }) => quoted(reason),
  fault: ({ fault }) => quoted(fault),
  requestBytes: ({ requestBytes }) => numberText(requestBytes),
  responseBytes: ({ responseBytes }) => numberText(responseBytes),
  durationMs: ({ durationUs }) => millisText(durationUs),
  firstByteMs: ({ firstByteUs }) => millis(firstByteUs),
  backendMs: ({ backendUs }) => millis(backendUs),
  connectMs: ({ firstByteUs, connectUs }) => (firstByteUs < 0 ? '' : millis(connectUs)),
  attempts: ({ pool, attempts }) => (pool === '' ? '' : numberText(attempts)),
  pool: ({ pool }) => quoted(pool),
  backend: ({ pool, backend }) => (pool === '' ? '' : quoted(backend)),
  route: ({ route }) => quoted(route),
  requestId: ({ requestId }) => quoted(requestId),
  traceId: ({ traceId }) => quoted(traceId),
  referer: (entry) => quoted(entry.referer),
  userAgent: (entry) => quoted(entry.userAgent),
};

/**
 * @param whole the format of lines with all fields
 * @param fields the fields to write
 * @param worker the worker's slot number
 */
export function chosenFields(whole: LineFormat, fields: readonly LogField[], worker: number): LineFormat {
  const time = new IsoTime('"', '"');
  const parts = fields.flatMap((field) => {
    const text = textOf(field, time, worker);
    return text === undefined ? [] : [{ key: `"${field}":`, text }];
  });
  return {
    ...whole,
    // The parts that are kept between requests are made by each line here.
    frame: () => ({ before: '', behind: '' }),
    line(entry) {
      let out = '';
      for (const { key, text } of parts) {
        const value = text(entry);
        if (value !== '') out += `${out === '' ? '' : ','}${key}${value}`;
      }
      return `{${out}}\n`;
    },
    connection(entry) {
      const all: Readonly<Record<string, unknown>> = JSON.parse(whole.connection(entry));
      return `${JSON.stringify(Object.fromEntries(fields.filter((name) => name in all).map((name) => [name, all[name]])))}\n`;
    },
  };
}

/** @returns what writes a field; `undefined` for one that requests do not have */
function textOf(field: LogField, time: IsoTime, worker: number): FieldText | undefined {
  switch (field) {
    case 'time':
      return ({ endedAt }) => time.at(endedAt);
    case 'worker':
      return () => String(worker);
    case 'protocol':
    case 'listener':
    case 'serverName':
    case 'receivedBytes':
    case 'sentBytes':
    case 'ended':
      return undefined;
    default:
      return TEXTS[field];
  }
}

function quoted(text: string): string {
  return text === '' ? '' : `"${text}"`;
}

/** @param us whole microseconds; -1 for none */
function millis(us: number): string {
  return us < 0 ? '' : millisText(us);
}
