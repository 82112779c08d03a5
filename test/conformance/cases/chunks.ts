/** Chunked request bodies: sizes, line ends, extensions and trailers (RFC 9112 7.1). */
import {
  anyRefusal,
  chunk,
  DROPPED,
  forwarded,
  LAST_CHUNK,
  mustRefuse,
  postChunked,
  repaired,
  SMUGGLED,
} from '../bytes.js';
import { type Case, END, PAUSE, type Topic } from '../case.js';

const CHUNKS = 'RFC 9112 7.1';
const EXTENSIONS = 'RFC 9112 7.1.1';
const TRAILERS = 'RFC 9110 6.5.1';

/** This body, and behind it what a lenient reader might take for a request. */
function bad(id: string, title: string, body: string, rfc = CHUNKS, status = 400): Case {
  return { id: `chunks/${id}`, title, rfc, send: [postChunked(body + SMUGGLED)], safe: mustRefuse(status) };
}

/** The same, where a proxy may also leave out what is wrong: the end of the body is not in doubt. */
function leftOut(id: string, title: string, body: string, rfc: string, status = 400): Case {
  const send = [postChunked(body)];
  return { ...bad(id, title, body, rfc, status), send, safe: [...mustRefuse(status), ...repaired({ body: 'hello' })] };
}

/** This body is valid and goes on as it is; its payload is `payload`. */
function good(id: string, title: string, body: string, payload: string, rfc = CHUNKS): Case {
  const send = [postChunked(body)];
  return { id: `chunks/${id}`, title, rfc, send, safe: [forwarded({ bytes: body }), forwarded({ body: payload })] };
}

/** Valid, but no harm in refusing it. */
function tolerated(id: string, title: string, body: string, payload: string, rfc = CHUNKS): Case {
  const { safe, ...rest } = good(id, title, body, payload, rfc);
  return { ...rest, safe: [...safe, ...anyRefusal()] };
}

export const CHUNKED: Topic = {
  name: 'Chunked bodies',
  about: 'safety',
  side: 'request',
  cases: [
    good(
      'several',
      'Several chunks are one body',
      `${chunk('hello ')}${chunk('wide ')}${chunk('world')}${LAST_CHUNK}`,
      'hello wide world',
    ),
    good('empty', 'A body may have no chunk but the last', LAST_CHUNK, ''),
    good('upper-case', 'Sizes may be written in upper case', `A\r\n0123456789\r\n${LAST_CHUNK}`, '0123456789'),
    good('leading-zeros', 'Sizes may have leading zeros', `0005\r\nhello\r\n000\r\n\r\n`, 'hello'),
    good(
      'smuggled-in-chunk',
      'A request inside a chunk stays part of the body',
      chunk(SMUGGLED) + LAST_CHUNK,
      SMUGGLED,
    ),
    good(
      'crlf-in-data',
      'Data that looks like the last chunk is data',
      chunk(`\r\n${LAST_CHUNK}`) + LAST_CHUNK,
      `\r\n${LAST_CHUNK}`,
    ),
    {
      ...good('pauses', 'A body that arrives piece by piece is the same body', '', ''),
      send: [postChunked('5\r'), PAUSE, '\nhe', PAUSE, 'llo\r\n0\r\n', PAUSE, '\r\n'],
      safe: [forwarded({ bytes: `5\r\nhello\r\n${LAST_CHUNK}` }), forwarded({ body: 'hello' })],
    },
    {
      ...good('missing-last', 'A client that ends before the last chunk has sent no request', '', '', 'RFC 9112 8'),
      send: [postChunked(chunk('hello')), END],
      safe: [DROPPED, ...anyRefusal()],
    },
    {
      ...good(
        'missing-final-crlf',
        'A client that ends before the empty line has sent no request',
        '',
        '',
        'RFC 9112 8',
      ),
      send: [postChunked(`${chunk('hello')}0\r\n`), END],
      safe: [DROPPED, ...anyRefusal()],
    },
    bad('size-empty', 'A size without digits is refused', `\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-word', 'A size that is no number is refused', `five\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-not-hex', 'A digit beyond f is refused', `5g\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-plus', 'A plus sign is refused', `+5\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-minus', 'A minus sign is refused', `-5\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-0x', 'A 0x in front is refused', `0x5\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-underscore', 'A digit separator is refused', `0_5\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-leading-space', 'A space in front of the size is refused', ` 5\r\nhello\r\n${LAST_CHUNK}`),
    {
      ...bad('size-trailing-space', 'A space behind the size is refused', ''),
      send: [postChunked(`5 \r\nhello\r\n${LAST_CHUNK}`)],
      safe: [
        ...mustRefuse(400),
        forwarded({ body: 'hello', framing: 'length' }),
        forwarded({ bytes: `5\r\nhello\r\n${LAST_CHUNK}` }),
      ],
    },
    {
      ...bad('size-trailing-tab', 'A tab behind the size is refused', ''),
      send: [postChunked(`5\t\r\nhello\r\n${LAST_CHUNK}`)],
      safe: [
        ...mustRefuse(400),
        forwarded({ body: 'hello', framing: 'length' }),
        forwarded({ bytes: `5\r\nhello\r\n${LAST_CHUNK}` }),
      ],
    },
    bad('size-nul', 'A NUL behind the size is refused', `5\0\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-comma', 'A comma behind the size is refused', `5,5\r\nhello\r\n${LAST_CHUNK}`),
    bad(
      'size-overflow-64',
      'A size of 2^64 + 5 is refused and does not wrap around',
      `10000000000000005\r\nhello\r\n${LAST_CHUNK}`,
    ),
    {
      ...bad('size-overflow-32', 'A size of 2^32 + 5 does not wrap around to five', ''),
      send: [postChunked(`100000005\r\nhello\r\n${LAST_CHUNK}${SMUGGLED}`), END],
      safe: [DROPPED, ...anyRefusal()],
    },
    bad('size-overflow-long', 'A size of a hundred digits is refused', `${'f'.repeat(100)}\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-negative-64', 'A size of 2^64 - 1 is refused', `ffffffffffffffff\r\nhello\r\n${LAST_CHUNK}`),
    bad('size-lf', 'A size line that ends in LF alone is refused', `5\nhello\r\n${LAST_CHUNK}`),
    bad('size-cr', 'A size line that ends in CR alone is refused', `5\rhello\r\n${LAST_CHUNK}`),
    bad('size-crcrlf', 'A size line that ends in CR CR LF is refused', `5\r\r\nhello\r\n${LAST_CHUNK}`),
    bad('data-longer', 'Data longer than its size says is refused', `5\r\nhello!!\r\n${LAST_CHUNK}`),
    bad('data-no-crlf', 'Data without a line end is refused', `5\r\nhello${LAST_CHUNK}`),
    bad('data-lf', 'Data that ends in LF alone is refused', `5\r\nhello\n${LAST_CHUNK}`),
    bad('data-cr', 'Data that ends in CR alone is refused', `5\r\nhello\r${LAST_CHUNK}`),
    bad('data-two-bytes', 'Data behind which any two bytes stand is refused', `5\r\nhelloXX${LAST_CHUNK}`),
    bad('data-lfcr', 'Data that ends in LF CR is refused', `5\r\nhello\n\r${LAST_CHUNK}`),
    bad('end-lf', 'A body whose empty line is LF alone is refused', `${chunk('hello')}0\r\n\n`),
    bad('end-lf-lf', 'A last chunk of two LF is refused', `${chunk('hello')}0\n\n`),
    bad('end-crx', 'A CR behind the last chunk needs its LF', `${chunk('hello')}0\r\n\rX`),
    tolerated(
      'extension',
      'An extension goes on with its chunk',
      `5;note=1\r\nhello\r\n${LAST_CHUNK}`,
      'hello',
      EXTENSIONS,
    ),
    tolerated('extension-flag', 'An extension needs no value', `5;note\r\nhello\r\n0;end\r\n\r\n`, 'hello', EXTENSIONS),
    tolerated(
      'extension-quoted',
      'An extension may be quoted',
      `5;a="b;c \\" d"\r\nhello\r\n${LAST_CHUNK}`,
      'hello',
      EXTENSIONS,
    ),
    bad('extension-lf', 'An LF in an extension is refused (TERM.EXT)', `5;a\nhello\r\n${LAST_CHUNK}`, EXTENSIONS),
    bad(
      'extension-lf-smuggles',
      'An LF in an extension does not open a second size line (EXT.TERM)',
      `2;\nxx\r\n47\r\n0\r\n\r\n`,
      EXTENSIONS,
    ),
    bad('extension-cr', 'A CR in an extension is refused', `5;a\rb\r\nhello\r\n${LAST_CHUNK}`, EXTENSIONS),
    {
      ...bad('extension-quoted-crlf', 'Quotes do not carry an extension over a line end', '', EXTENSIONS),
      send: [postChunked(`5;a="\r\nhello\r\n${LAST_CHUNK}"\r\nhello\r\n`)],
      answers: 2,
      safe: [...mustRefuse(400), ...anyRefusal([{ body: 'hello' }])],
    },
    leftOut('extension-nul', 'A NUL in an extension is refused', `5;a\0b\r\nhello\r\n${LAST_CHUNK}`, EXTENSIONS),
    leftOut(
      'extension-long',
      'An extension without end is refused',
      `5;${'a'.repeat(20_000)}\r\nhello\r\n${LAST_CHUNK}`,
      EXTENSIONS,
      431,
    ),
    tolerated(
      'trailer',
      'A trailer goes on behind the body',
      `${chunk('hello')}0\r\nX-Sum: 9\r\n\r\n`,
      'hello',
      TRAILERS,
    ),
    {
      ...tolerated('trailer-not-merged', 'A trailer is never merged into the head', '', '', 'RFC 9110 6.5.1'),
      send: [postChunked(`${chunk('hello')}0\r\nX-Late: 9\r\n\r\n`, 'Trailer: X-Late')],
      safe: [
        forwarded({ body: 'hello', lacks: ['X-Late'], has: ['Trailer: X-Late'] }),
        forwarded({ body: 'hello', lacks: ['X-Late'] }),
        ...anyRefusal(),
      ],
    },
    ...(
      [
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'Host: other.test',
        'Connection: close',
        'X-Forwarded-For: 192.0.2.1',
      ] as const
    ).map(
      (line): Case => ({
        ...bad(
          `trailer-${line.split(':')[0]?.toLowerCase()}`,
          `A trailer ${line.split(':')[0]} is refused`,
          '',
          TRAILERS,
        ),
        about: 'rules',
        send: [postChunked(`${chunk('hello')}0\r\n${line}\r\n\r\n`)],
        safe: [
          ...mustRefuse(400),
          forwarded({ bytes: chunk('hello') + LAST_CHUNK }),
          forwarded({ framing: 'length', body: 'hello', has: ['Content-Length: 5'] }),
        ],
      }),
    ),
    leftOut(
      'trailer-lf',
      'A trailer line that ends in LF alone is refused',
      `${chunk('hello')}0\r\nX: 1\n\r\n`,
      TRAILERS,
    ),
    leftOut('trailer-fold', 'A folded trailer is refused', `${chunk('hello')}0\r\nX: 1\r\n 2\r\n\r\n`, TRAILERS),
    leftOut(
      'trailer-space-colon',
      'A space before the colon of a trailer is refused',
      `${chunk('hello')}0\r\nX : 1\r\n\r\n`,
      TRAILERS,
    ),
    leftOut(
      'trailer-no-colon',
      'A trailer line without a colon is refused',
      `${chunk('hello')}0\r\nX\r\n\r\n`,
      TRAILERS,
    ),
    leftOut('trailer-nul', 'A NUL in a trailer is refused', `${chunk('hello')}0\r\nX: \0\r\n\r\n`, TRAILERS),
    {
      ...bad('trailer-request', 'A request where a trailer should be is refused', `${chunk('hello')}0\r\n`, TRAILERS),
      safe: [...mustRefuse(400), ...repaired({ body: 'hello' })],
    },
    leftOut(
      'trailers-endless',
      'Trailers without end are refused',
      `${chunk('hello')}0\r\n${'X-Filler: 0123456789\r\n'.repeat(1_000)}\r\n`,
      TRAILERS,
      431,
    ),
  ],
};
