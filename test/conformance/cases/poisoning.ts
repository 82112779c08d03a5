/**
 * Responses nobody asked for, and connections that are kept: no client ever gets what was meant for another, and no
 * request is delivered twice that must not be (RFC 9112 11.2 and 9.3.1, RFC 9110 9.2.2).
 */

import { chunk, get, getNext, HOST, head, LAST_CHUNK, NO_ANSWER, ok, PATH, post, postBody, reply } from '../bytes.js';
import { AWAIT, type Case, END, type Outcome, PAUSE, RESET, type Step, type Topic } from '../case.js';

const QUEUE = 'RFC 9112 11.2';
const RETRY = 'RFC 9110 9.2.2';
const EVIL = ok('evil');
const FAILED = [500, 502, 503, 504];

/** The backend says too much; the client gets its answer or none, and everybody after it gets their own. */
function junk(id: string, title: string, said: string, ...later: readonly string[]): Case {
  const parts = later.flatMap((text) => [PAUSE, text]);
  return {
    id: `poisoning/${id}`,
    title,
    rfc: QUEUE,
    send: [get(), AWAIT, PAUSE, PAUSE],
    backend: reply(said, ...parts),
    alone: true,
    followers: 3,
    safe: [
      { kind: 'forwarded', answers: [{ status: 200, body: 'good' }], end: 'any' },
      { kind: 'broken', answers: [], cut: { status: 200 }, end: 'closed' },
      { kind: 'replaced', answers: [{ status: FAILED }], end: 'any' },
      NO_ANSWER,
    ],
  };
}

/** A request on a connection that the backend closes just then. */
function stale(id: string, title: string, request: string, safe: readonly [Outcome, ...Outcome[]]): Case {
  return {
    id: `retries/${id}`,
    title,
    rfc: RETRY,
    send: [get(), AWAIT, request],
    answers: 2,
    backend: [...reply(ok('warm')), ...reply(END), ...reply(ok('second'))],
    alone: true,
    safe,
  };
}

function once(status: number): Outcome {
  return { kind: 'replaced', answers: [{ status: 200 }, { status }], end: 'any', reaches: [{}, {}] };
}

const AT_MOST_ONCE: readonly Outcome[] = [
  ...FAILED.map(once),
  { kind: 'dropped', answers: [{ status: 200 }], end: 'closed', reaches: [{}, {}] },
];
const REPLAYED: Outcome = {
  kind: 'forwarded',
  answers: [{ status: 200 }, { status: 200, body: 'second' }],
  end: 'open',
  reaches: [{}, {}, {}],
};

/** A POST to a backend that fails in some way: it is delivered once. */
function fails(id: string, title: string, ...say: readonly Step[]): Case {
  return {
    id: `retries/${id}`,
    title,
    rfc: RETRY,
    send: [postBody('hello')],
    backend: reply(...say),
    safe: [
      { kind: 'replaced', answers: [{ status: 502 }], end: 'any', reaches: [{ body: 'hello' }] },
      { kind: 'replaced', answers: [{ status: FAILED }], end: 'any', reaches: [{ body: 'hello' }] },
      { kind: 'dropped', answers: [], end: 'closed', reaches: [{ body: 'hello' }] },
    ],
  };
}

export const POISONING: Topic = {
  name: 'Response queue',
  about: 'safety',
  side: 'response',
  cases: [
    junk('second-response', 'A second response in the same write reaches nobody', ok('good') + EVIL),
    junk('second-response-later', 'A second response a moment later reaches nobody', ok('good'), EVIL),
    junk('many-responses', 'Ten of them reach nobody', ok('good') + EVIL.repeat(10)),
    junk('garbage', 'Bytes behind a response reach nobody', `${ok('good')}garbage`),
    junk('garbage-later', 'Bytes a moment later reach nobody', ok('good'), 'garbage'),
    junk('longer-than-length', 'A body longer than its length is cut there', `${ok('good')} and more`),
    junk(
      'behind-chunks',
      'A response behind the last chunk reaches nobody',
      head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunk('good') + LAST_CHUNK + EVIL,
    ),
    junk(
      'behind-chunks-later',
      'Nor a moment later',
      head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunk('good') + LAST_CHUNK,
      EVIL,
    ),
    junk('crlf', 'A line end behind a response reaches nobody', `${ok('good')}\r\n`),
    junk('half-status-line', 'Half a status line is not put in front of the next response', `${ok('good')}HTTP/1.1 2`),
    junk('continue-later', 'A 100 that comes late reaches nobody', ok('good'), head('HTTP/1.1 100 Continue')),
    {
      ...junk('behind-204', 'Bytes behind a 204 reach nobody', ''),
      backend: reply(head('HTTP/1.1 204 No Content') + EVIL),
      safe: [
        { kind: 'forwarded', answers: [{ status: 204 }], end: 'any' },
        NO_ANSWER,
        { kind: 'replaced', answers: [{ status: FAILED }], end: 'any' },
      ],
    },
    {
      ...junk('behind-head', 'A body behind an answer to HEAD reaches nobody', ''),
      send: [head(`HEAD ${PATH} HTTP/1.1`, HOST), AWAIT, PAUSE],
      toHead: true,
      backend: reply(EVIL),
      safe: [
        { kind: 'forwarded', answers: [{ status: 200 }], end: 'any' },
        NO_ANSWER,
        { kind: 'replaced', answers: [{ status: FAILED }], end: 'any' },
      ],
    },
    {
      ...junk('abandoned', 'The answer to a client that has gone reaches nobody', ''),
      send: [get(), PAUSE, RESET],
      backend: reply(PAUSE, PAUSE, ok('good')),
      safe: [NO_ANSWER],
    },
    {
      ...junk('pipelined', 'A pipelining client gets no second answer to its first request', ''),
      send: [get() + getNext('second')],
      answers: 2,
      backend: [...reply(ok('good') + EVIL), ...reply(ok('second'))],
      safe: [
        {
          kind: 'forwarded',
          answers: [
            { status: 200, body: 'good' },
            { status: 200, body: 'second' },
          ],
          end: 'any',
        },
        { kind: 'forwarded', answers: [{ status: 200, body: 'good' }], end: 'closed' },
        { kind: 'replaced', answers: [{ status: 200, body: 'good' }, { status: FAILED }], end: 'any' },
      ],
    },
  ],
};

export const EARLY: Topic = {
  name: 'Early responses',
  about: 'safety',
  side: 'response',
  cases: [
    {
      id: 'early/during-upload',
      title:
        'An answer in the middle of the upload is delivered, and the connection closed: the rest of the body is no request',
      rfc: 'RFC 9112 9.3',
      send: [post('Content-Length: 100000'), AWAIT, 'x'.repeat(50_000)],
      backend: [{ early: true, say: [head('HTTP/1.1 403 Forbidden', 'Content-Length: 0')] }],
      safe: [
        { kind: 'forwarded', answers: [{ status: 403 }], end: 'closed', reaches: [] },
        { kind: 'waits', answers: [], end: 'stuck', reaches: [] },
        { kind: 'dropped', answers: [{ status: 403 }], end: 'stuck', reaches: [] },
      ],
    },
    {
      id: 'early/and-close',
      title: 'A backend that answers and closes without reading the body is heard',
      rfc: 'RFC 9112 9.6',
      send: [post('Content-Length: 100000'), AWAIT, 'x'.repeat(50_000)],
      backend: [
        { early: true, say: [head('HTTP/1.1 413 Content Too Large', 'Connection: close', 'Content-Length: 0'), END] },
      ],
      safe: [
        { kind: 'forwarded', answers: [{ status: 413 }], end: 'closed', reaches: [] },
        { kind: 'waits', answers: [], end: 'stuck', reaches: [] },
        { kind: 'dropped', answers: [{ status: 413 }], end: 'stuck', reaches: [] },
      ],
    },
    {
      id: 'early/large-upload',
      title: 'A body of 300 KB that the backend has refused is not taken for requests',
      rfc: 'RFC 9112 9.3',
      send: [
        post('Content-Length: 300000') + 'x'.repeat(10_000),
        AWAIT,
        `GET ${PATH}/smuggled HTTP/1.1\r\nHost: site.test\r\n\r\n`.repeat(100),
      ],
      backend: [{ early: true, say: [head('HTTP/1.1 403 Forbidden', 'Content-Length: 0')] }],
      safe: [
        { kind: 'forwarded', answers: [{ status: 403 }], end: 'closed', reaches: [] },
        { kind: 'waits', answers: [], end: 'stuck', reaches: [] },
        { kind: 'dropped', answers: [{ status: 403 }], end: 'stuck', reaches: [] },
      ],
    },
  ],
};

export const RETRIES: Topic = {
  name: 'Retries',
  about: 'safety',
  side: 'response',
  cases: [
    stale('stale-get', 'A GET on a connection that the backend closes is replayed on another', getNext('second'), [
      REPLAYED,
      ...AT_MOST_ONCE,
    ]),
    stale(
      'stale-put',
      'A PUT with a small body is replayed',
      `${head(`PUT ${PATH} HTTP/1.1`, HOST, 'Content-Length: 5')}hello`,
      [REPLAYED, ...AT_MOST_ONCE],
    ),
    stale('stale-post', 'A POST is never delivered twice', postBody('hello'), [once(502), ...AT_MOST_ONCE]),
    stale(
      'stale-patch',
      'A PATCH is never delivered twice',
      `${head(`PATCH ${PATH} HTTP/1.1`, HOST, 'Content-Length: 5')}hello`,
      [once(502), ...AT_MOST_ONCE],
    ),
    stale('stale-unknown', 'A method nobody knows is never delivered twice', head(`BREW ${PATH} HTTP/1.1`, HOST), [
      once(502),
      ...AT_MOST_ONCE,
    ]),
    stale(
      'stale-lower-case',
      'A method that is only spelt like GET is never delivered twice',
      head(`get ${PATH} HTTP/1.1`, HOST),
      [
        once(502),
        ...AT_MOST_ONCE,
        { kind: 'refused', answers: [{ status: 200 }, { status: [400, 405, 501] }], end: 'any', reaches: [{}] },
      ],
    ),
    stale(
      'stale-large-put',
      'A body too large to be kept costs its PUT, which might have been sent again',
      head(`PUT ${PATH} HTTP/1.1`, HOST, 'Content-Length: 100000') + 'x'.repeat(100_000),
      [once(502), ...AT_MOST_ONCE, REPLAYED],
    ),
    fails('post-closed', 'A POST that the backend answers by closing is delivered once', END),
    fails('post-reset', 'A POST that the backend answers by a reset is delivered once', RESET),
    {
      ...fails('post-garbage', 'A POST that the backend answers with garbage is delivered once', 'garbage\r\n\r\n'),
      about: 'rules',
    },
    fails('post-half-head', 'A POST whose answer is cut in its head is delivered once', 'HTTP/1.1 200 OK\r\n', END),
    {
      ...fails(
        'post-interim',
        'A POST whose answer is cut behind a 100 is delivered once',
        head('HTTP/1.1 100 Continue'),
        PAUSE,
        END,
      ),
      about: 'rules',
    },
    {
      id: 'retries/half-answer',
      title: 'A GET whose answer has begun is not started again: the client would get two beginnings',
      rfc: RETRY,
      send: [get()],
      backend: [...reply('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', PAUSE, END), ...reply(ok('second'))],
      safe: [
        { kind: 'broken', answers: [], cut: { status: 200, bytes: 'hello' }, end: 'closed', reaches: [{}] },
        { kind: 'replaced', answers: [{ status: FAILED }], end: 'any' },
        NO_ANSWER,
      ],
    },
  ],
};
