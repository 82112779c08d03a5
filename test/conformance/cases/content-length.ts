/** Content-Length on requests: one plain decimal number, or the request is refused (RFC 9110 8.6, RFC 9112 6.3). */
import {
  ANY_ERROR,
  allForwarded,
  anyRefusal,
  DROPPED,
  forwarded,
  getNext,
  mustRefuse,
  PATH,
  post,
  postBody,
  repaired,
  SMUGGLED,
} from '../bytes.js';
import { type Case, END, type Topic } from '../case.js';

const VALUE = 'RFC 9110 8.6';
const FRAMING = 'RFC 9112 6.3';

/** A POST of five bytes with these Content-Length lines; lenient readers would take the rest for another request. */
function lengths(id: string, title: string, lines: readonly string[], rfc = VALUE): Case {
  return { id: `content-length/${id}`, title, rfc, send: [`${post(...lines)}hello${SMUGGLED}`], safe: mustRefuse(400) };
}

export const CONTENT_LENGTH: Topic = {
  name: 'Content-Length',
  about: 'safety',
  side: 'request',
  cases: [
    {
      id: 'content-length/plain',
      title: 'A body of known length goes on whole and the connection serves the next request',
      rfc: FRAMING,
      send: [postBody('hello')],
      safe: [forwarded({ line: `POST ${PATH} HTTP/1.1`, framing: 'length', body: 'hello' })],
    },
    {
      id: 'content-length/zero',
      title: 'A length of zero is a body of nothing',
      rfc: FRAMING,
      send: [postBody('')],
      safe: [forwarded({ body: '', has: ['Content-Length: 0'] }), forwarded({ body: '' })],
    },
    {
      id: 'content-length/surrounding-space',
      title: 'White space around the value does not belong to it',
      rfc: 'RFC 9110 5.5',
      send: [`${post('Content-Length: \t 5  ')}hello`],
      safe: [
        forwarded({ body: 'hello', has: ['Content-Length: 5'], exact: true }),
        forwarded({ body: 'hello' }),
        ANY_ERROR,
      ],
    },
    {
      id: 'content-length/trailing-tab',
      title: 'A tab behind the value is refused, because some take it for a part of the number',
      rfc: 'RFC 9110 5.5',
      send: [`${post('Content-Length: 5\t')}hello`],
      safe: [...mustRefuse(400), ...repaired({ body: 'hello', has: ['Content-Length: 5'] })],
    },
    {
      id: 'content-length/leading-zeros',
      title: 'Leading zeros make a number neither octal nor wrong',
      rfc: VALUE,
      send: [`${post('Content-Length: 010')}0123456789`],
      safe: [
        forwarded({ body: '0123456789', has: ['Content-Length: 10'] }),
        forwarded({ body: '0123456789' }),
        ...anyRefusal(),
      ],
    },
    {
      id: 'content-length/on-get',
      title: 'A GET with a length has a body, which is no request of its own (CL.0)',
      rfc: 'RFC 9110 9.3.1',
      send: [`GET ${PATH} HTTP/1.1\r\nHost: site.test\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
      safe: [forwarded({ body: SMUGGLED }), ...anyRefusal()],
    },
    {
      id: 'content-length/smuggled-in-body',
      title: 'A request inside a body stays a body (CL.0)',
      rfc: FRAMING,
      send: [postBody(SMUGGLED)],
      safe: [forwarded({ body: SMUGGLED })],
    },
    {
      id: 'content-length/next-behind-body',
      title: 'The request right behind a body is the next one',
      rfc: 'RFC 9112 9.3.2',
      send: [postBody('hello') + getNext('second')],
      answers: 2,
      safe: [allForwarded({ body: 'hello' }, { line: `GET ${PATH}/second HTTP/1.1` })],
    },
    {
      id: 'content-length/too-short-client',
      title: 'A client that ends before its body does has sent no request',
      rfc: 'RFC 9112 8',
      send: [`${post('Content-Length: 10')}hello`, END],
      safe: [DROPPED, ...anyRefusal()],
    },
    {
      id: 'content-length/in-connection',
      title: 'A client cannot have the length removed by naming it in Connection',
      rfc: 'RFC 9110 7.6.1',
      send: [postBody(SMUGGLED, 'Connection: keep-alive, Content-Length')],
      safe: [forwarded({ body: SMUGGLED }), ...anyRefusal()],
    },
    lengths('conflicting', 'Two different lengths are refused', ['Content-Length: 5', 'Content-Length: 0'], FRAMING),
    lengths(
      'conflicting-other-order',
      'Two different lengths are refused in the other order too',
      ['Content-Length: 0', 'Content-Length: 5'],
      FRAMING,
    ),
    {
      ...lengths(
        'repeated',
        'The same length twice is refused, because a peer that sends two is broken or probing',
        ['Content-Length: 5', 'Content-Length: 5'],
        FRAMING,
      ),
      send: [`${post('Content-Length: 5', 'Content-Length: 5')}hello`],
      safe: [...mustRefuse(400), forwarded({ body: 'hello' })],
    },
    {
      ...lengths('list', 'A list of equal lengths is refused', ['Content-Length: 5, 5'], FRAMING),
      send: [`${post('Content-Length: 5, 5')}hello`],
      safe: [...mustRefuse(400), forwarded({ body: 'hello' })],
    },
    lengths('list-conflicting', 'A list of different lengths is refused', ['Content-Length: 5, 6'], FRAMING),
    lengths('list-empty-element', 'A length with a comma behind it is refused', ['Content-Length: 5,']),
    lengths('plus', 'A length with a plus sign is refused', ['Content-Length: +5']),
    lengths('minus', 'A negative length is refused', ['Content-Length: -5']),
    lengths('minus-zero', 'Minus zero is refused', ['Content-Length: -0']),
    lengths('hex', 'A hexadecimal length is refused', ['Content-Length: 0x5']),
    lengths('hex-digits', 'A length of hexadecimal digits is refused', ['Content-Length: a']),
    lengths('inner-space', 'A length with a space inside is refused', ['Content-Length: 5 0']),
    lengths('inner-tab', 'A length with a tab inside is refused', ['Content-Length: 5\t0']),
    lengths('fraction', 'A fraction is refused', ['Content-Length: 5.0']),
    lengths('exponent', 'An exponent is refused', ['Content-Length: 5e0']),
    lengths('underscore', 'A digit separator is refused', ['Content-Length: 5_0']),
    lengths('quoted', 'A quoted length is refused', ['Content-Length: "5"']),
    lengths('words', 'A word is refused', ['Content-Length: five']),
    lengths('empty', 'An empty length is refused', ['Content-Length:']),
    lengths('semicolon', 'A length with a parameter is refused', ['Content-Length: 5;a=b']),
    lengths('obs-text', 'A length with a byte above ASCII is refused', ['Content-Length: 5\xa0']),
    lengths('fullwidth-digit', 'A digit of another alphabet is refused', ['Content-Length: \xef\xbc\x95']),
    lengths('overflow-64', 'A length of 2^64 + 5 is refused and does not wrap around', [
      'Content-Length: 18446744073709551621',
    ]),
    lengths('overflow-63', 'A length of 2^63 is refused', ['Content-Length: 9223372036854775808']),
    lengths('overflow-32', 'A length of 2^32 + 5 in hexadecimal is refused', ['Content-Length: 0x100000005']),
    lengths('vertical-tab', 'A vertical tab is no white space', ['Content-Length: \x0b5']),
    lengths('nul', 'A NUL behind the number is refused', ['Content-Length: 5\0']),
  ],
};
