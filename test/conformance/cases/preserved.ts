/** What must arrive as it was sent: order, case, repetition and bytes of end-to-end fields (RFC 9110 5.3 and 5.5). */
import { ANY_ERROR, forwarded, get, HOST, head, ok, PATH, postBody, postChunked, reply } from '../bytes.js';
import type { AnswerWant, Case, RequestWant, Topic } from '../case.js';

const ORDER = 'RFC 9110 5.3';
const VALUES = 'RFC 9110 5.5';
const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

/** Goes on exactly so; equal as RFC 9110 reads it would be safe too. */
function request(id: string, title: string, rfc: string, fields: readonly string[]): Case {
  const exact: RequestWant = { has: fields, exact: true };
  return {
    id: `preserved/${id}`,
    title,
    rfc,
    send: [get(...fields)],
    safe: [forwarded(exact), forwarded({ has: fields }), ANY_ERROR],
  };
}

function response(
  id: string,
  title: string,
  rfc: string,
  fields: readonly string[],
  want: Partial<AnswerWant> = {},
): Case {
  const base = { status: 200, has: fields, ...want };
  return {
    id: `preserved/response-${id}`,
    title,
    rfc,
    send: [get()],
    backend: reply(ok('hello', ...fields)),
    safe: [forwarded({}, { ...base, exact: true }), forwarded({}, base)],
  };
}

/** The whole first line of a response. */
function statusLine(id: string, title: string, line: string, status: number): Case {
  return {
    id: `preserved/${id}`,
    title,
    rfc: 'RFC 9112 4',
    send: [get()],
    backend: reply(`${head(line, 'Content-Length: 2')}ok`),
    safe: [forwarded({}, { status, line }), forwarded({}, { status })],
  };
}

export const PRESERVED: Topic = {
  name: 'Bytes preserved',
  about: 'rules',
  side: 'request',
  cases: [
    request('order', 'Fields keep their order', ORDER, ['X-C: 3', 'X-A: 1', 'X-B: 2']),
    request('repeated', 'Repeated fields are not merged', ORDER, ['X-A: 1', 'X-B: 2', 'X-A: 3']),
    request('name-case', 'Names keep their case', 'RFC 9110 5.1', ['x-LOWER-upper: 1', 'ACCEPT: */*']),
    request('obs-text', 'Bytes above ASCII in a value stay as they are', VALUES, ['X-A: \xc3\xa4\x80\xff']),
    request('empty-value', 'An empty value stays', VALUES, ['X-A:']),
    request('inner-space', 'White space inside a value stays', VALUES, ['X-A: a  b\t c']),
    request('outer-space', 'White space around a value stays as it is', VALUES, ['X-A: \t a \t']),
    request('cookie', 'Cookies stay one field each', ORDER, ['Cookie: a=1', 'Cookie: b=2']),
    request('authorization', 'Authorization goes on', 'RFC 9110 11.6.2', ['Authorization: Basic YTpi']),
    request('user-agent', 'Nothing is added to User-Agent', 'RFC 9110 10.1.5', ['User-Agent: x/1 (y; z)']),
    request('range', 'Range goes on', 'RFC 9110 14.2', ['Range: bytes=0-1,5-']),
    request('accept-encoding', 'Accept-Encoding goes on', 'RFC 9110 12.5.3', ['Accept-Encoding: gzip;q=0.5, br']),
    {
      id: 'preserved/body-bytes',
      title: 'A body keeps every byte value',
      rfc: 'RFC 9110 6.4',
      send: [postBody(EVERY_BYTE)],
      safe: [forwarded({ body: EVERY_BYTE })],
    },
    {
      id: 'preserved/chunks',
      title: 'Chunks keep their sizes, spelling and trailers',
      rfc: 'RFC 9112 7.1',
      send: [postChunked('2\r\nhe\r\n0003\r\nllo\r\n0\r\nX-Sum: 9\r\n\r\n')],
      safe: [forwarded({ bytes: '2\r\nhe\r\n0003\r\nllo\r\n0\r\nX-Sum: 9\r\n\r\n' }), forwarded({ body: 'hello' })],
    },
    {
      id: 'preserved/large-body',
      title: 'A body of 300 KB arrives whole',
      rfc: 'RFC 9110 6.4',
      send: [postBody('0123456789'.repeat(30_000))],
      safe: [forwarded({ body: '0123456789'.repeat(30_000) })],
    },
    response('order', 'Fields of a response keep their order', ORDER, ['X-C: 3', 'X-A: 1', 'X-B: 2']),
    response('set-cookie', 'Set-Cookie is never merged', ORDER, ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2, c']),
    response('name-case', 'Names in a response keep their case', 'RFC 9110 5.1', ['x-LOWER-upper: 1', 'ETAG: "x"']),
    response('obs-text', 'Bytes above ASCII in a response stay as they are', VALUES, ['X-A: \xc3\xa4\x80\xff']),
    response('empty-value', 'An empty value in a response stays', VALUES, ['X-A:']),
    response('date', 'Date of the backend stays', 'RFC 9110 6.6.1', ['Date: Sun, 06 Nov 1994 08:49:37 GMT']),
    response('server', 'Server of the backend stays', 'RFC 9110 10.2.4', ['Server: x/1']),
    response('location', 'Location is not rewritten', 'RFC 9110 10.2.2', ['Location: http://127.0.0.1:1/x']),
    statusLine('reason', 'The reason phrase stays as it is', 'HTTP/1.1 404 Nichts \xe4 Da', 404),
    statusLine('reason-empty', 'An empty reason phrase stays empty', 'HTTP/1.1 200 ', 200),
    statusLine('unknown-status', 'A status that nobody knows stays', 'HTTP/1.1 599 Odd', 599),
    statusLine('teapot', 'A status of another century stays', 'HTTP/1.1 418 Teapot', 418),
    {
      id: 'preserved/response-body-bytes',
      title: 'A response body keeps every byte value',
      rfc: 'RFC 9110 6.4',
      send: [get()],
      backend: reply(ok(EVERY_BYTE)),
      safe: [forwarded({ line: `GET ${PATH} HTTP/1.1` }, { status: 200, body: EVERY_BYTE })],
    },
    {
      id: 'preserved/response-chunks',
      title: 'Chunks of a response keep their sizes, spelling and trailers',
      rfc: 'RFC 9112 7.1',
      send: [get()],
      backend: reply(
        head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
        '2;x=y\r\nhe\r\n0003\r\nllo\r\n0\r\nX-Sum: 9\r\n\r\n',
      ),
      safe: [
        forwarded({}, { status: 200, bytes: '2;x=y\r\nhe\r\n0003\r\nllo\r\n0\r\nX-Sum: 9\r\n\r\n' }),
        forwarded({}, { status: 200, body: 'hello' }),
      ],
    },
    {
      id: 'preserved/large-response',
      title: 'A response of 300 KB arrives whole',
      rfc: 'RFC 9110 6.4',
      send: [head(`GET ${PATH} HTTP/1.1`, HOST)],
      backend: reply(ok('0123456789'.repeat(30_000))),
      safe: [forwarded({}, { status: 200, body: '0123456789'.repeat(30_000) })],
    },
  ],
};
