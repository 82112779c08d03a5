/** Several requests on one connection: their order, and where the last of them is (RFC 9112 9.3.2 and 9.6). */
import {
  allForwarded,
  anyRefusal,
  chunk,
  forwarded,
  get,
  getNext,
  HOST,
  head,
  LAST_CHUNK,
  mustRefuse,
  PATH,
  post,
  postBody,
  postChunked,
  refused,
  SMUGGLED,
} from '../bytes.js';
import { AWAIT, END, PAUSE, RESET, type Topic } from '../case.js';

const PIPELINE = 'RFC 9112 9.3.2';
const CLOSE = 'RFC 9112 9.6';

export const PIPELINING: Topic = {
  name: 'Pipelining',
  about: 'safety',
  side: 'request',
  cases: [
    {
      id: 'pipelining/order',
      title: 'Five requests in one write are answered in order',
      rfc: PIPELINE,
      send: ['a', 'b', 'c', 'd', 'e']
        .map((path) => getNext(path))
        .join('')
        .split('\0'),
      answers: 5,
      safe: [
        {
          kind: 'forwarded',
          answers: ['a', 'b', 'c', 'd', 'e'].map((path) => ({ status: 200, body: `answer to GET ${PATH}/${path}\n` })),
          end: 'open',
          reaches: ['a', 'b', 'c', 'd', 'e'].map((path) => ({ line: `GET ${PATH}/${path} HTTP/1.1` })),
        },
      ],
    },
    {
      id: 'pipelining/mixed-bodies',
      title: 'Requests behind bodies of either framing are found',
      rfc: PIPELINE,
      send: [postBody('one') + postChunked(chunk('two') + LAST_CHUNK) + getNext('three') + postBody('')],
      answers: 4,
      safe: [allForwarded({ body: 'one' }, { body: 'two' }, { line: `GET ${PATH}/three HTTP/1.1` }, { body: '' })],
    },
    {
      id: 'pipelining/bad-second',
      title: 'A bad request behind a good one is refused once the good one is answered',
      rfc: PIPELINE,
      send: [`${get()}GET / HTTP/1.1\r\nHost : ${PATH}\r\n\r\n`],
      answers: 2,
      safe: mustRefuse(400, [{}]),
    },
    {
      id: 'pipelining/bad-behind-body',
      title: 'Bytes behind a body that are no request are refused, not passed on',
      rfc: 'RFC 9112 6.3',
      send: [`${postBody('hello')}world\r\n\r\n`],
      answers: 2,
      safe: mustRefuse(400, [{ body: 'hello' }]),
    },
    {
      id: 'pipelining/behind-bad',
      title: 'Nothing behind a refused request is looked at',
      rfc: 'RFC 9112 11.2',
      send: [post('Content-Length: x') + SMUGGLED.repeat(3)],
      safe: mustRefuse(400),
    },
    {
      id: 'pipelining/behind-bad-later',
      title: 'Nothing that comes after the refusal is looked at either',
      rfc: 'RFC 9112 11.2',
      send: [post('Content-Length: x'), AWAIT, SMUGGLED],
      safe: mustRefuse(400),
    },
    {
      id: 'pipelining/behind-close',
      title: 'A request behind one that says close is not served',
      rfc: CLOSE,
      send: [get('Connection: close') + SMUGGLED],
      safe: [
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{ line: `GET ${PATH} HTTP/1.1` }] },
      ],
    },
    {
      id: 'pipelining/close-in-list',
      title: 'Close counts in any case and anywhere in Connection',
      rfc: CLOSE,
      send: [get('Connection: X-A', 'Connection: foo, CLOSE ,bar') + SMUGGLED],
      safe: [{ kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{}] }, ...anyRefusal()],
    },
    {
      id: 'pipelining/close-and-keep-alive',
      title: 'Close beats keep-alive',
      rfc: 'RFC 9112 9.3',
      send: [get('Connection: keep-alive, close') + SMUGGLED],
      safe: [{ kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{}] }],
    },
    {
      id: 'pipelining/half-closed',
      title: 'A client that ends its side behind its request still gets the answer',
      rfc: CLOSE,
      send: [get(), END],
      safe: [
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{}] },
        { kind: 'dropped', answers: [], end: 'closed' },
      ],
    },
    {
      id: 'pipelining/half-head',
      title: 'A head that never ends is no request',
      rfc: 'RFC 9112 8',
      send: [get().slice(0, -2), END],
      safe: [{ kind: 'dropped', answers: [], end: 'closed', reaches: [] }, ...anyRefusal()],
    },
    {
      id: 'pipelining/reset-in-body',
      title: 'A client that breaks off in a body has sent no request',
      rfc: 'RFC 9112 8',
      send: [`${post('Content-Length: 10')}hello`, PAUSE, RESET],
      safe: [{ kind: 'dropped', answers: [], end: 'closed', reaches: [] }],
    },
    {
      id: 'pipelining/http10-second',
      title: 'A request behind one of HTTP/1.0 without keep-alive is not served',
      rfc: 'RFC 9112 9.3',
      send: [head(`GET ${PATH} HTTP/1.0`, HOST) + SMUGGLED],
      safe: [{ kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{}] }],
    },
    {
      id: 'pipelining/http10-keep-alive',
      title: 'HTTP/1.0 with keep-alive is kept and told so',
      rfc: 'RFC 9112 9.3',
      send: [head(`GET ${PATH} HTTP/1.0`, HOST, 'Connection: keep-alive')],
      safe: [
        forwarded({}, { status: 200, has: ['Connection: keep-alive'] }),
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{}] },
      ],
    },
    {
      id: 'pipelining/head-then-get',
      title: 'The answer to HEAD has no body in front of the next answer',
      rfc: 'RFC 9110 9.3.2',
      send: [head(`HEAD ${PATH} HTTP/1.1`, HOST) + getNext('second')],
      answers: 2,
      toHead: true,
      safe: [
        {
          kind: 'forwarded',
          answers: [
            { status: 200, body: '' },
            { status: 200, body: `answer to GET ${PATH}/second\n` },
          ],
          end: 'open',
          reaches: [{ line: `HEAD ${PATH} HTTP/1.1` }, {}],
        },
      ],
    },
    {
      id: 'pipelining/slow-pieces',
      title: 'A request in pieces behind a whole one is found',
      rfc: PIPELINE,
      send: [get() + getNext('second').slice(0, 9), PAUSE, getNext('second').slice(9)],
      answers: 2,
      safe: [allForwarded({}, { line: `GET ${PATH}/second HTTP/1.1` })],
    },
    {
      id: 'pipelining/early-second',
      title: 'A refused second request waits for the answer to the first',
      rfc: PIPELINE,
      send: [get() + head(`G(T ${PATH} HTTP/1.1`, HOST)],
      answers: 2,
      backend: [{ early: false, say: [PAUSE, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'] }],
      safe: [refused(400, [{}]), ...anyRefusal([{}])],
    },
  ],
};
