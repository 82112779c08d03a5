/** Expect: 100-continue end to end (RFC 9110 10.1.1) and Upgrade, which becomes a tunnel only after a 101 (RFC 9110 7.8). */
import {
  ANY_ERROR,
  anyRefusal,
  earlyReply,
  forwarded,
  get,
  getNext,
  HOST,
  head,
  mustReplace,
  ok,
  PATH,
  post,
  postBody,
  reply,
  SMUGGLED,
} from '../bytes.js';
import { AWAIT, type Case, END, PAUSE, type Topic } from '../case.js';

const EXPECT_RULE = 'RFC 9110 10.1.1';
const UPGRADE_RULE = 'RFC 9110 7.8';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
] as const;
const SWITCHING = head(
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
);

/** Offers h2c in some disguise; the backend, which would switch, must not be asked to. */
function h2c(id: string, title: string, ...fields: readonly string[]): Case {
  return {
    id: `upgrade/${id}`,
    title,
    rfc: 'RFC 9113 3.1',
    send: [get(...fields)],
    safe: [forwarded({ lacks: ['Upgrade', 'HTTP2-Settings'] }), ANY_ERROR],
  };
}

/** No protocol that exists, but a backend that reads only its beginning would take it for h2c. */
function h2cLike(id: string, title: string, protocol: string): Case {
  const test = h2c(id, title, 'Connection: Upgrade', `Upgrade: ${protocol}`);
  return { ...test, safe: [...test.safe, forwarded({})] };
}

export const EXPECT: Topic = {
  name: 'Expect: 100-continue',
  about: 'rules',
  side: 'request',
  cases: [
    {
      id: 'expect/continue',
      title: 'The client waits, the backend says 100, the body follows',
      rfc: EXPECT_RULE,
      send: [post('Content-Length: 5', 'Expect: 100-continue'), AWAIT, 'hello'],
      backend: earlyReply(CONTINUE, AWAIT, ok('done')),
      safe: [
        forwarded({ body: 'hello', has: ['Expect: 100-continue'] }, { status: 200, interims: [100] }),
        forwarded({ body: 'hello' }, { status: 200 }),
      ],
    },
    {
      id: 'expect/final-instead',
      title: 'A final answer instead of 100 reaches the client that waits, and no body is taken for a request',
      rfc: EXPECT_RULE,
      send: [post(`Content-Length: ${SMUGGLED.length}`, 'Expect: 100-continue'), AWAIT, SMUGGLED],
      backend: earlyReply(head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0')),
      safe: [
        { kind: 'forwarded', answers: [{ status: 417, interims: [] }], end: 'closed', reaches: [] },
        { kind: 'forwarded', answers: [{ status: 417 }], end: 'any' },
      ],
    },
    {
      id: 'expect/not-waiting',
      title: 'A client that does not wait loses nothing',
      rfc: EXPECT_RULE,
      send: [postBody('hello', 'Expect: 100-continue')],
      safe: [forwarded({ body: 'hello' })],
    },
    {
      id: 'expect/case',
      title: 'The expectation has no case',
      rfc: EXPECT_RULE,
      send: [post('Content-Length: 5', 'expect: 100-CONTINUE'), AWAIT, 'hello'],
      backend: earlyReply(CONTINUE, AWAIT, ok('done')),
      safe: [
        forwarded({ body: 'hello' }, { status: 200, interims: [100] }),
        forwarded({ body: 'hello' }),
        ...anyRefusal(),
      ],
    },
    {
      id: 'expect/unknown',
      title: 'Another expectation is for the backend to judge',
      rfc: EXPECT_RULE,
      send: [postBody('hello', 'Expect: tea')],
      safe: [forwarded({ body: 'hello', has: ['Expect: tea'] }), ...anyRefusal(), forwarded({ body: 'hello' })],
    },
    {
      id: 'expect/http10',
      title: 'HTTP/1.0 knows no expectations, so the backend is told of none',
      rfc: EXPECT_RULE,
      send: [`${head(`POST ${PATH} HTTP/1.0`, HOST, 'Content-Length: 5', 'Expect: 100-continue')}hello`],
      safe: [
        {
          kind: 'forwarded',
          answers: [{ status: 200, interims: [] }],
          end: 'closed',
          reaches: [{ body: 'hello', lacks: ['Expect'] }],
        },
        { kind: 'forwarded', answers: [{ status: 200, interims: [] }], end: 'closed', reaches: [{ body: 'hello' }] },
      ],
    },
  ],
};

export const UPGRADE: Topic = {
  name: 'Upgrade',
  about: 'safety',
  side: 'request',
  cases: [
    {
      id: 'upgrade/tunnel',
      title: 'After a 101 both directions are a tunnel, bytes behind either head included',
      rfc: UPGRADE_RULE,
      send: [get(...WEBSOCKET) + getNext('in-tunnel'), AWAIT, PAUSE, END],
      backend: [...reply(`${SWITCHING}greeting`), ...reply('farewell')],
      safe: [
        {
          kind: 'forwarded',
          answers: [{ status: 101, has: ['Upgrade: websocket'] }],
          end: 'closed',
          tunnel: 'greetingfarewell',
          reaches: [
            { has: ['Upgrade: websocket'] },
            { line: `GET ${PATH}/in-tunnel HTTP/1.1`, lacks: ['X-Forwarded-For'] },
          ],
        },
        ...anyRefusal(),
      ],
    },
    {
      id: 'upgrade/refused',
      title: 'Without a 101 the connection stays HTTP, and what follows is a request',
      rfc: UPGRADE_RULE,
      send: [get(...WEBSOCKET.slice(0, 3), 'Sec-WebSocket-Version: 777'), AWAIT, getNext('second')],
      answers: 2,
      backend: [
        ...reply(
          head('HTTP/1.1 426 Upgrade Required', 'Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 0'),
        ),
        ...reply(ok('second')),
      ],
      safe: [
        {
          kind: 'forwarded',
          answers: [{ status: 426, has: ['Upgrade: websocket'] }, { status: 200 }],
          end: 'open',
          reaches: [{}, { line: `GET ${PATH}/second HTTP/1.1`, has: ['X-Forwarded-For: 127.0.0.1'] }],
        },
        { kind: 'forwarded', answers: [{ status: 426 }, { status: 200 }], end: 'open' },
        { kind: 'forwarded', answers: [{ status: 426 }], end: 'closed' },
      ],
    },
    {
      id: 'upgrade/ignored',
      title: 'A backend that ignores the upgrade answers as usual',
      rfc: UPGRADE_RULE,
      send: [get(...WEBSOCKET)],
      safe: [forwarded({ has: ['Upgrade: websocket'] })],
    },
    {
      id: 'upgrade/with-body',
      title: 'A request with a body asks for no upgrade: its body would stand where the other protocol begins',
      rfc: UPGRADE_RULE,
      send: [postBody('hello', ...WEBSOCKET)],
      safe: [forwarded({ body: 'hello', lacks: ['Upgrade'] }), forwarded({ body: 'hello' }), ANY_ERROR],
    },
    {
      id: 'upgrade/http10',
      title: 'HTTP/1.0 cannot ask for an upgrade',
      rfc: UPGRADE_RULE,
      send: [head(`GET ${PATH} HTTP/1.0`, HOST, ...WEBSOCKET)],
      safe: [
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'closed', reaches: [{ lacks: ['Upgrade'] }] },
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'closed' },
        ANY_ERROR,
      ],
    },
    h2c(
      'h2c',
      'An upgrade to h2c is not passed on: it would speak past the proxy',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
    ),
    h2c(
      'h2c-no-settings',
      'Nor without HTTP2-Settings in Connection',
      'Connection: Upgrade',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
    ),
    h2c('h2c-case', 'Nor in another case', 'Connection: upgrade', 'Upgrade: H2C'),
    h2c('h2c-list', 'Nor behind another protocol', 'Connection: Upgrade', 'Upgrade: websocket, h2c'),
    h2c('h2c-list-first', 'Nor in front of one', 'Connection: Upgrade', 'Upgrade: h2c,websocket'),
    h2c('h2c-two-fields', 'Nor in a field of its own', 'Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c'),
    h2cLike('h2c-version', 'Nor with a version', 'h2c/1.0'),
    h2cLike('h2c-parameter', 'Nor with a parameter', 'h2c;x=y'),
    {
      ...h2c('h2c-switching', 'A 101 to a request that lost its upgrade becomes 502'),
      backend: reply(head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: h2c')),
      safe: [...mustReplace(), ANY_ERROR],
    },
  ],
};
