/** Where a response ends (RFC 9112 6.3), and what happens when it does not (RFC 9112 8). */
import {
  broken,
  chunk,
  delivered,
  forwarded,
  get,
  getNext,
  HOST,
  head,
  LAST_CHUNK,
  mustBreak,
  mustReplace,
  ok,
  PATH,
  reply,
  TAG,
} from '../bytes.js';
import { type AnswerWant, type Case, END, type Outcome, PAUSE, RESET, type Topic } from '../case.js';

const FRAMING = 'RFC 9112 6.3';
const CHUNKS = 'RFC 9112 7.1';
const INCOMPLETE = 'RFC 9112 8';
const CHUNKED_HEAD = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
const GET_10 = head(`GET ${PATH} HTTP/1.0`, HOST);

/** Framing fields that no two readers need agree on. */
function ambiguous(
  id: string,
  title: string,
  fields: readonly string[],
  body = 'hello',
  others: readonly Outcome[] = [],
): Case {
  const said = head('HTTP/1.1 200 OK', ...fields) + body;
  return {
    id: `response-framing/${id}`,
    title,
    rfc: FRAMING,
    about: 'rules',
    send: [get()],
    backend: reply(said, END),
    safe: [...mustReplace(), ...others],
  };
}

/** A chunked body that goes wrong behind its first chunk. */
function brokenChunks(id: string, title: string, behind: string): Case {
  return {
    id: `response-framing/chunked-${id}`,
    title,
    rfc: CHUNKS,
    send: [get()],
    backend: reply(CHUNKED_HEAD + chunk(`hello ${TAG}`) + behind, END),
    safe: mustBreak(),
  };
}

/** A response whose body never has bytes, and the next one right behind it. */
function bodiless(id: string, title: string, method: string, said: string, want: AnswerWant, rfc: string): Case {
  const isHead = method === 'HEAD';
  return {
    id: `response-framing/${id}`,
    title,
    rfc,
    send: [head(`${method} ${PATH} HTTP/1.1`, HOST) + getNext('second')],
    answers: 2,
    ...(isHead ? { toHead: true } : {}),
    backend: [...reply(said), ...reply(ok('second'))],
    safe: [
      {
        kind: 'forwarded',
        answers: [
          { body: '', ...want },
          { status: 200, body: 'second' },
        ],
        end: 'open',
      },
    ],
  };
}

export const RESPONSE_FRAMING: Topic = {
  name: 'Response framing',
  about: 'safety',
  side: 'response',
  cases: [
    ambiguous(
      'both',
      'A length and a coding become 502',
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      chunk('hello') + LAST_CHUNK,
      [
        delivered({ status: 200, framing: 'chunked', body: 'hello' }, 'any'),
        delivered({ status: 200, body: 'hello' }, 'any'),
      ],
    ),
    {
      ...ambiguous('conflicting-lengths', 'Two different lengths become 502', [
        'Content-Length: 5',
        'Content-Length: 6',
      ]),
      about: 'safety',
      safe: [...mustReplace(), broken({ status: 200 })],
    },
    {
      ...ambiguous(
        'repeated-length',
        'The same length twice is delivered once',
        ['Content-Length: 5', 'Content-Length: 5'],
        'hello',
      ),
      safe: [delivered({ status: 200, body: 'hello' }, 'any'), ...mustReplace()],
    },
    ambiguous('length-list', 'A list of lengths becomes 502', ['Content-Length: 5, 5'], 'hello', [
      delivered({ status: 200, body: 'hello' }, 'any'),
    ]),
    ambiguous('length-plus', 'A length with a sign becomes 502', ['Content-Length: +5']),
    ambiguous('length-minus', 'A negative length becomes 502', ['Content-Length: -5']),
    ambiguous('length-hex', 'A hexadecimal length becomes 502', ['Content-Length: 0x5']),
    ambiguous('length-word', 'A length that is no number becomes 502', ['Content-Length: five']),
    ambiguous('length-empty', 'An empty length becomes 502', ['Content-Length:']),
    ambiguous('length-overflow', 'A length of 2^64 + 5 becomes 502', ['Content-Length: 18446744073709551621']),
    ambiguous('unknown-coding', 'An unknown coding becomes 502', ['Transfer-Encoding: xchunked']),
    ambiguous(
      'gzip-chunked',
      'Two codings become 502',
      ['Transfer-Encoding: gzip, chunked'],
      chunk('hello') + LAST_CHUNK,
    ),
    ambiguous(
      'chunked-twice',
      'Chunked twice becomes 502',
      ['Transfer-Encoding: chunked, chunked'],
      chunk('hello') + LAST_CHUNK,
    ),
    ambiguous(
      'repeated-coding',
      'Two Transfer-Encoding fields become 502',
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      chunk('hello') + LAST_CHUNK,
      [delivered({ status: 200, body: 'hello' }, 'any')],
    ),
    ambiguous('identity', 'The retired coding identity becomes 502', ['Transfer-Encoding: identity']),
    ambiguous(
      'coding-vertical-tab',
      'A vertical tab in front of the coding becomes 502',
      ['Transfer-Encoding: \x0bchunked'],
      chunk('hello') + LAST_CHUNK,
    ),
    {
      ...ambiguous('http10-coding', 'A coding in an HTTP/1.0 response becomes 502', []),
      rfc: 'RFC 9112 6.1',
      backend: reply(head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked') + chunk('hello') + LAST_CHUNK, END),
      safe: [...mustReplace(), delivered({ status: 200, body: 'hello' }, 'any')],
    },
    {
      ...ambiguous('coding-in-204', 'A coding in a 204 is not delivered, and no body either', []),
      rfc: 'RFC 9112 6.1',
      backend: reply(head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked') + chunk('hello') + LAST_CHUNK, END),
      safe: [delivered({ status: 204, lacks: ['Transfer-Encoding'] }, 'any'), ...mustReplace()],
    },
    {
      id: 'response-framing/until-close',
      title: 'A body without a length lasts until the backend closes, and the client sees the same end',
      rfc: FRAMING,
      send: [get()],
      backend: reply('HTTP/1.1 200 OK\r\n\r\nas long ', PAUSE, 'as it lasts', END),
      safe: [
        delivered({ status: 200, framing: 'close', body: 'as long as it lasts' }, 'closed'),
        delivered({ status: 200, body: 'as long as it lasts' }, 'any'),
      ],
    },
    {
      id: 'response-framing/until-reset',
      title: 'A body without a length that ends by a reset looks broken',
      rfc: INCOMPLETE,
      send: [get()],
      backend: reply('HTTP/1.1 200 OK\r\n\r\nas long ', PAUSE, RESET),
      safe: mustBreak(),
    },
    {
      id: 'response-framing/short',
      title: 'A body shorter than its length looks broken',
      rfc: INCOMPLETE,
      send: [get()],
      backend: reply('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', END),
      safe: mustBreak(),
    },
    {
      id: 'response-framing/short-reset',
      title: 'A body cut by a reset looks broken',
      rfc: INCOMPLETE,
      send: [get()],
      backend: reply('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', PAUSE, RESET),
      safe: mustBreak(),
    },
    {
      id: 'response-framing/short-then-pipelined',
      title: 'A pipelined request does not fill up the missing end of a body',
      rfc: INCOMPLETE,
      send: [get() + getNext('second')],
      backend: [...reply('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello', END), ...reply(ok('second'))],
      safe: [broken({ status: 200, bytes: 'hello' }), ...mustBreak()],
    },
    {
      id: 'response-framing/missing-body',
      title: 'A body of which nothing comes looks broken',
      rfc: INCOMPLETE,
      send: [get()],
      backend: reply(head('HTTP/1.1 200 OK', 'Content-Length: 10'), END),
      safe: mustBreak(),
    },
    {
      id: 'response-framing/chunked',
      title: 'A chunked body is passed on',
      rfc: CHUNKS,
      send: [get()],
      backend: reply(CHUNKED_HEAD, chunk('hello '), PAUSE, chunk('world') + LAST_CHUNK),
      safe: [
        forwarded({}, { status: 200, framing: 'chunked', body: 'hello world' }),
        forwarded({}, { status: 200, body: 'hello world' }),
      ],
    },
    brokenChunks('no-last', 'A chunked body without its last chunk looks broken', ''),
    brokenChunks('no-final-crlf', 'A chunked body without its empty line looks broken', '0\r\n'),
    brokenChunks('half-chunk', 'A chunk that is cut looks broken', '5\r\nhe'),
    brokenChunks('bad-size', 'A bad chunk size looks broken', `zz\r\nhello\r\n${LAST_CHUNK}`),
    brokenChunks('minus', 'A negative chunk size looks broken', `-5\r\nhello\r\n${LAST_CHUNK}`),
    brokenChunks('0x', 'A chunk size with 0x looks broken', `0x5\r\nhello\r\n${LAST_CHUNK}`),
    brokenChunks('overflow', 'A chunk size beyond 2^64 looks broken', `10000000000000005\r\nhello\r\n${LAST_CHUNK}`),
    {
      ...brokenChunks('lf', 'A chunk size line that ends in LF alone looks broken', `5\nhello\r\n${LAST_CHUNK}`),
      about: 'rules',
    },
    brokenChunks('no-crlf', 'Chunk data without a line end looks broken', `5\r\nhello${LAST_CHUNK}`),
    brokenChunks('extension-lf', 'An LF in an extension looks broken', `5;a\nb\r\nhello\r\n${LAST_CHUNK}`),
    {
      ...brokenChunks('bad-trailer', 'A malformed trailer looks broken', '0\r\nX Evil: 1\r\n\r\n'),
      safe: [...mustBreak(), delivered({ status: 200, body: `hello ${TAG}` }, 'any')],
    },
    brokenChunks(
      'endless-trailers',
      'Trailers without end look broken',
      `0\r\n${'X-Filler: 0123456789\r\n'.repeat(20_000)}`,
    ),
    {
      ...brokenChunks(
        'framing-trailer',
        'A framing field among the trailers looks broken',
        '0\r\nContent-Length: 5\r\n\r\n',
      ),
      safe: [
        ...mustBreak(),
        forwarded({}, { status: 200, bytes: chunk(`hello ${TAG}`) + LAST_CHUNK }),
        forwarded({}, { status: 200, lacks: ['Content-Length'], body: `hello ${TAG}` }),
      ],
    },
    {
      id: 'response-framing/dechunked-for-1.0',
      about: 'rules',
      title: 'A chunked response to an HTTP/1.0 client loses its chunks, and ends with the connection',
      rfc: 'RFC 9112 7',
      send: [GET_10],
      backend: reply(CHUNKED_HEAD + chunk('hello ') + chunk('world') + LAST_CHUNK),
      safe: [delivered({ status: 200, body: 'hello world', lacks: ['Transfer-Encoding'] }, 'closed')],
    },
    {
      id: 'response-framing/dechunked-broken',
      title: 'If it is cut, that end looks broken',
      rfc: INCOMPLETE,
      send: [GET_10],
      backend: reply(CHUNKED_HEAD + chunk('hello '), PAUSE, END),
      safe: mustBreak(),
    },
    {
      id: 'response-framing/dechunked-trailers',
      title: 'Trailers do not become part of its body',
      rfc: 'RFC 9112 7.1.2',
      send: [GET_10],
      backend: reply(`${CHUNKED_HEAD}${chunk('hello')}0\r\nX-Sum: 9\r\n\r\n`),
      safe: [delivered({ status: 200, body: 'hello', lacks: ['X-Sum'] }, 'closed')],
    },
    bodiless(
      'head-length',
      'The length of an answer to HEAD counts no bytes',
      'HEAD',
      head('HTTP/1.1 200 OK', 'Content-Length: 5000'),
      { status: 200, has: ['Content-Length: 5000'] },
      'RFC 9110 9.3.2',
    ),
    bodiless(
      'head-chunked',
      'A chunked answer to HEAD has no chunks',
      'HEAD',
      CHUNKED_HEAD,
      { status: 200 },
      'RFC 9110 9.3.2',
    ),
    bodiless(
      'head-nothing',
      'An answer to HEAD without framing does not last until the close',
      'HEAD',
      head('HTTP/1.1 200 OK', 'X-A: 1'),
      { status: 200 },
      'RFC 9110 9.3.2',
    ),
    bodiless(
      '204',
      'A 204 has no body',
      'GET',
      head('HTTP/1.1 204 No Content', 'X-A: 1'),
      { status: 204 },
      'RFC 9110 15.3.5',
    ),
    {
      ...bodiless(
        '204-length',
        'A 204 has none whatever its length says, and loses that',
        'GET',
        head('HTTP/1.1 204 No Content', 'Content-Length: 0'),
        { status: 204, lacks: ['Content-Length'] },
        'RFC 9110 8.6',
      ),
      about: 'rules',
    },
    bodiless(
      '304',
      'A 304 has no body',
      'GET',
      head('HTTP/1.1 304 Not Modified', 'ETag: "x"'),
      { status: 304 },
      'RFC 9110 15.4.5',
    ),
    bodiless(
      '304-length',
      'A 304 has none whatever its length says, and keeps that',
      'GET',
      head('HTTP/1.1 304 Not Modified', 'Content-Length: 5000'),
      { status: 304 },
      'RFC 9110 8.6',
    ),
    {
      ...bodiless(
        '304-body',
        'Bytes behind a 304 are no answer to the next request',
        'GET',
        '',
        { status: 304 },
        FRAMING,
      ),
      backend: [
        ...reply(
          `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 5')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
        ),
        ...reply(ok('second')),
      ],
    },
    bodiless(
      'zero-length',
      'A response of length zero is complete',
      'GET',
      head('HTTP/1.1 200 OK', 'Content-Length: 0'),
      { status: 200 },
      FRAMING,
    ),
  ],
};
