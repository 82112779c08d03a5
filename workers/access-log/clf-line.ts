/**
 * workers/access-log/clf-line.ts: formats lines in the combined log format of Apache and nginx, which every log
 * analyser reads, with further fields behind it. `rt`, `uct`, `uht` and `urt` are seconds, named as is usual with
 * nginx: of the whole request, of the connect to the backend, until the head of its response, and until the end of its
 * response.
 */
import type { AccessEntry, LineFormat } from './entry.js';
import { copyOf } from './entry.js';
import { escaped, escapeTable } from './escape.js';
import { ClfTime, numberText, secondsText } from './time-text.js';

/** Escapes as nginx writes them: `\x22`. */
const ESCAPES = escapeTable((code) => `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`);

/** Most characters of the name of a listener or a server, after escaping. */
const MOST_NAME = 1_024;

/** @param worker the worker's slot number, which every line ends with */
export function clfFormat(worker: number): LineFormat {
  const time = new ClfTime(' - - [', '] "');
  const end = ` worker=${worker}\n`;
  return {
    escapes: ESCAPES,
    frame: ({ method, version }) => ({
      before: copyOf(`${method} `),
      behind: ` HTTP/${version}" `,
    }),
    line: (entry) =>
      orDash(entry.client) +
      time.at(entry.endedAt) +
      (entry.isRead ? entry.frame.before + entry.target + entry.frame.behind : `${entry.line}" `) +
      numberText(entry.status) +
      ' ' +
      numberText(entry.responseBytes - entry.responseHeadBytes) +
      headPart(entry) +
      timesPart(entry) +
      ` backend=${orDash(entry.backend)} attempts=${numberText(entry.attempts)}` +
      (entry.reason === '' ? ' reason=-' : ` reason=${entry.reason}`) +
      (entry.requestId === '' ? ' id="-"' : ` id="${entry.requestId}"`) +
      (entry.traceId === '' ? '' : ` trace=${entry.traceId}`) +
      (entry.route === '' ? '' : ` route=${entry.route}`) +
      (entry.peer === '' ? end : ` peer=${entry.peer}${end}`),
    connection: (entry) =>
      `${orDash(entry.client)}${time.at(entry.endedAt)}TCP ${escaped(entry.listener, MOST_NAME, ESCAPES)} ${orDash(escaped(entry.serverName, MOST_NAME, ESCAPES))}" - ` +
      `${entry.sentBytes} "-" "-" rt=${secondsText(entry.durationUs)} uct=${secondsText(entry.connectUs)} ` +
      `received=${entry.receivedBytes} backend=${orDash(entry.backend)} attempts=${entry.attempts} ` +
      `ended=${entry.ended}${entry.peer === '' ? '' : ` peer=${entry.peer}`}${end}`,
  };
}

function headPart({ referer, userAgent }: AccessEntry): string {
  if (referer === '' && userAgent === '') return ' "-" "-"';
  return ` "${orDash(referer)}" "${orDash(userAgent)}"`;
}

function timesPart({ durationUs, connectUs, backendUs, backendTotalUs }: AccessEntry): string {
  const duration = secondsText(durationUs);
  const connect = connectUs < 0 ? ' uct=-' : ` uct=${secondsText(connectUs)}`;
  // The times of a short response to the first attempt are equal: the text is reused.
  const head = backendUs === durationUs ? duration : secondsText(backendUs);
  const total = backendTotalUs === backendUs ? head : secondsText(backendTotalUs);
  return ` rt=${duration}${connect} uht=${head} urt=${total}`;
}

function orDash(text: string): string {
  return text === '' ? '-' : text;
}
