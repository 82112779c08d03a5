/** Transfer-Encoding on requests: exactly `chunked`, alone, in HTTP/1.1, or the request is refused (RFC 9112 6.1). */
import {
  ANY_ERROR,
  allForwarded,
  anyRefusal,
  chunk,
  forwarded,
  forwardedOnce,
  getNext,
  HOST,
  head,
  LAST_CHUNK,
  mustRefuse,
  PATH,
  post,
  postChunked,
  repaired,
  SMUGGLED,
} from '../bytes.js';
import type { Case, Outcome, Topic } from '../case.js';

const CODINGS = 'RFC 9112 6.1';
const FRAMING = 'RFC 9112 6.3';
const BODY = chunk('hello') + LAST_CHUNK;

/** A chunked POST with these lines; a reader that does not see the coding takes what follows for another request. */
function coded(id: string, title: string, lines: readonly string[], rfc = CODINGS): Case {
  const send = [post(...lines) + LAST_CHUNK + SMUGGLED];
  return { id: `transfer-encoding/${id}`, title, rfc, send, safe: mustRefuse(400) };
}

/** RFC 9112 6.3 lets a recipient go by the coding alone, drop the length and close the connection behind it. */
const CODING_WINS: Outcome = forwardedOnce({ body: '' });

/** Both framing fields: one that counts six bytes, and one that ends the body behind the last chunk. */
function both(id: string, title: string, lines: readonly string[], ...others: readonly Outcome[]): Case {
  const send = [`${post(...lines)}${LAST_CHUNK}G${SMUGGLED}`];
  return { id: `transfer-encoding/${id}`, title, rfc: FRAMING, send, safe: [...mustRefuse(400), ...others] };
}

export const TRANSFER_ENCODING: Topic = {
  name: 'Transfer-Encoding',
  about: 'safety',
  side: 'request',
  cases: [
    {
      id: 'transfer-encoding/plain',
      title: 'A chunked body goes on whole and the connection serves the next request',
      rfc: CODINGS,
      send: [postChunked(BODY)],
      safe: [forwarded({ framing: 'chunked', bytes: BODY }), forwarded({ body: 'hello' })],
    },
    {
      id: 'transfer-encoding/case',
      title: 'The name of the coding has no case, and the backend gets it in the usual one',
      rfc: 'RFC 9112 7',
      send: [post('tRANSFER-eNCODING: cHuNkEd') + BODY],
      safe: [
        forwarded({ body: 'hello', has: ['Transfer-Encoding: chunked'], exact: true }),
        forwarded({ body: 'hello' }),
        ANY_ERROR,
      ],
    },
    {
      id: 'transfer-encoding/tab',
      title: 'A tab in front of the coding is white space, and the backend gets a plain space',
      rfc: 'RFC 9110 5.5',
      send: [post('Transfer-Encoding:\tchunked') + BODY],
      safe: [
        forwarded({ body: 'hello', has: ['Transfer-Encoding: chunked'], exact: true }),
        forwarded({ body: 'hello' }),
        ANY_ERROR,
      ],
    },
    {
      id: 'transfer-encoding/no-space',
      title: 'The space behind the colon may be missing',
      rfc: 'RFC 9110 5.5',
      send: [post('Transfer-Encoding:chunked') + BODY],
      safe: [
        forwarded({ body: 'hello', has: ['Transfer-Encoding: chunked'], exact: true }),
        forwarded({ body: 'hello' }),
      ],
    },
    {
      id: 'transfer-encoding/trailing-space',
      title: 'Spaces behind the coding do not belong to it',
      rfc: 'RFC 9110 5.5',
      send: [post('Transfer-Encoding: chunked  ') + BODY],
      safe: [
        forwarded({ body: 'hello', has: ['Transfer-Encoding: chunked'], exact: true }),
        forwarded({ body: 'hello' }),
        ANY_ERROR,
      ],
    },
    {
      id: 'transfer-encoding/trailing-tab',
      title: 'A tab behind the coding is refused, because some take it for a part of the coding',
      rfc: 'RFC 9110 5.5',
      send: [post('Transfer-Encoding: chunked\t') + BODY],
      safe: [...mustRefuse(400), ...repaired({ body: 'hello', has: ['Transfer-Encoding: chunked'] })],
    },
    {
      id: 'transfer-encoding/next-behind-body',
      title: 'The request right behind the last chunk is the next one',
      rfc: 'RFC 9112 9.3.2',
      send: [postChunked(BODY) + getNext('second')],
      answers: 2,
      safe: [allForwarded({ body: 'hello' }, { line: `GET ${PATH}/second HTTP/1.1` })],
    },
    {
      id: 'transfer-encoding/on-get',
      title: 'A chunked GET has a body, which is no request of its own (TE.0)',
      rfc: 'RFC 9110 9.3.1',
      send: [head(`GET ${PATH} HTTP/1.1`, HOST, 'Transfer-Encoding: chunked') + chunk(SMUGGLED) + LAST_CHUNK],
      safe: [forwarded({ body: SMUGGLED }), ...anyRefusal()],
    },
    {
      id: 'transfer-encoding/in-connection',
      title: 'A client cannot have the coding removed by naming it in Connection',
      rfc: 'RFC 9110 7.6.1',
      send: [postChunked(chunk(SMUGGLED) + LAST_CHUNK, 'Connection: Transfer-Encoding')],
      safe: [forwarded({ body: SMUGGLED }), ...anyRefusal()],
    },
    {
      id: 'transfer-encoding/underscore',
      title: 'A field that only looks like Transfer-Encoding frames nothing',
      rfc: 'RFC 9110 5.1',
      send: [head(`POST ${PATH} HTTP/1.1`, HOST, 'Content-Length: 5', 'Transfer_Encoding: chunked') + LAST_CHUNK],
      safe: [forwarded({ body: LAST_CHUNK }), ...anyRefusal()],
    },
    both(
      'cl-te',
      'A length and a coding are refused (CL.TE)',
      ['Content-Length: 6', 'Transfer-Encoding: chunked'],
      CODING_WINS,
    ),
    both(
      'te-cl',
      'A coding and a length are refused (TE.CL)',
      ['Transfer-Encoding: chunked', 'Content-Length: 6'],
      CODING_WINS,
    ),
    both(
      'cl-te-case',
      'They are refused in any case',
      ['content-length: 6', 'TRANSFER-ENCODING: CHUNKED'],
      CODING_WINS,
    ),
    both(
      'cl-te-zero',
      'A length of zero beside a coding is refused',
      ['Content-Length: 0', 'Transfer-Encoding: chunked'],
      CODING_WINS,
    ),
    both(
      'cl-te-tab',
      'A tab does not hide the coding beside a length',
      ['Content-Length: 6', 'Transfer-Encoding:\tchunked'],
      CODING_WINS,
    ),
    both('cl-te-identity', 'A length beside the retired coding identity is refused', [
      'Content-Length: 6',
      'Transfer-Encoding: identity',
    ]),
    {
      ...both('cl-te-fold', 'A coding hidden in a folded line is refused', []),
      send: [`${post('Content-Length: 6', 'X: y', ' Transfer-Encoding: chunked')}${LAST_CHUNK}G`],
      safe: [...mustRefuse(400), ...repaired({ body: `${LAST_CHUNK}G` })],
    },
    both(
      'cl-te-folded-value',
      'A coding on a folded line of its own is refused',
      ['Content-Length: 6', 'Transfer-Encoding:', ' chunked'],
      CODING_WINS,
    ),
    both(
      'cl-te-bare-lf',
      'A coding behind a bare LF is refused',
      ['Content-Length: 6', 'X: y\nTransfer-Encoding: chunked'],
      CODING_WINS,
    ),
    both('cl-te-bare-cr', 'A coding behind a bare CR is refused', [
      'Content-Length: 6',
      'X: y\rTransfer-Encoding: chunked',
    ]),
    both('cl-te-space', 'A coding with a space before the colon is refused', [
      'Content-Length: 6',
      'Transfer-Encoding : chunked',
    ]),
    both('cl-te-space-te', 'A coding with a space before its name is refused', [
      'Content-Length: 6',
      ' Transfer-Encoding: chunked',
    ]),
    both('cl-te-nul', 'A coding with a NUL in its name is refused', [
      'Content-Length: 6',
      'Transfer-Encoding\0: chunked',
    ]),
    coded('unknown', 'An unknown coding is refused', ['Transfer-Encoding: xchunked']),
    coded('gzip-chunked', 'A second coding in front is refused, because most backends know none', [
      'Transfer-Encoding: gzip, chunked',
    ]),
    coded(
      'chunked-gzip',
      'A body whose last coding is not chunked has no end and is refused',
      ['Transfer-Encoding: chunked, gzip'],
      FRAMING,
    ),
    coded('gzip', 'A body without the chunked coding has no end and is refused', ['Transfer-Encoding: gzip'], FRAMING),
    coded('identity', 'The retired coding identity is refused', ['Transfer-Encoding: identity']),
    coded('chunked-identity', 'It is refused behind chunked too', ['Transfer-Encoding: chunked, identity']),
    coded('identity-chunked', 'It is refused in front of chunked too', ['Transfer-Encoding: identity, chunked']),
    coded('chunked-twice', 'Chunked twice in one field is refused', ['Transfer-Encoding: chunked, chunked']),
    coded('repeated', 'Two fields are refused', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']),
    coded('repeated-different', 'Two fields of which one is unknown are refused', [
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: x',
    ]),
    coded('repeated-identity', 'Two fields of which the first is identity are refused', [
      'Transfer-Encoding: identity',
      'Transfer-Encoding: chunked',
    ]),
    coded('empty', 'An empty coding is refused', ['Transfer-Encoding:']),
    coded('comma', 'A coding with a comma in front is refused', ['Transfer-Encoding: ,chunked']),
    coded('comma-behind', 'A coding with a comma behind it is refused', ['Transfer-Encoding: chunked,']),
    coded('parameter', 'A coding with a parameter is refused', ['Transfer-Encoding: chunked;q=1']),
    coded('quoted', 'A quoted coding is refused', ['Transfer-Encoding: "chunked"']),
    coded('single-quoted', 'A coding in single quotes is refused', ["Transfer-Encoding: 'chunked'"]),
    coded('vertical-tab', 'A vertical tab in front of the coding is refused', ['Transfer-Encoding: \x0bchunked']),
    coded('form-feed', 'A form feed behind the coding is refused', ['Transfer-Encoding: chunked\x0c']),
    coded('nul', 'A NUL behind the coding is refused', ['Transfer-Encoding: chunked\0']),
    coded('obs-text', 'A byte above ASCII in front of the coding is refused', ['Transfer-Encoding: \xffchunked']),
    coded('double-colon', 'A second colon is refused', ['Transfer-Encoding:: chunked']),
    {
      ...coded(
        'name-obs-text',
        'A byte above ASCII in the name is refused',
        ['Transfer-Encoding\xa0: chunked'],
        'RFC 9112 5.1',
      ),
      answers: 2,
      safe: [...mustRefuse(400), ...anyRefusal([{ framing: 'none', lacks: ['Transfer-Encoding'] }])],
    },
    {
      ...coded('http10', 'HTTP/1.0 knows no Transfer-Encoding', []),
      send: [head(`POST ${PATH} HTTP/1.0`, HOST, 'Transfer-Encoding: chunked') + BODY],
    },
    {
      ...coded('http10-keep-alive', 'HTTP/1.0 with keep-alive knows none either', []),
      send: [
        head(`POST ${PATH} HTTP/1.0`, HOST, 'Connection: keep-alive', 'Transfer-Encoding: chunked') + BODY + SMUGGLED,
      ],
    },
  ],
};
