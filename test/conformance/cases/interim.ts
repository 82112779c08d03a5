/** Responses in front of the response: 1xx, and the 101 that ends HTTP (RFC 9110 15.2). */
import {
  ANY_ERROR,
  delivered,
  forwarded,
  get,
  HOST,
  head,
  mustReplace,
  ok,
  PATH,
  reply,
  SMUGGLED_PATH,
} from '../bytes.js';
import { type Case, END, PAUSE, type Topic } from '../case.js';

const RULE = 'RFC 9110 15.2';
const CONTINUE = head('HTTP/1.1 100 Continue');
const HINTS = head('HTTP/1.1 103 Early Hints', 'Link: </a.css>; rel=preload');

function interim(id: string, title: string, said: readonly string[], interims: readonly number[], rfc = RULE): Case {
  return {
    id: `interim/${id}`,
    title,
    rfc,
    send: [get()],
    backend: reply(...said.flatMap((each) => [each, PAUSE]), ok('done')),
    safe: [forwarded({}, { status: 200, body: 'done', interims }), forwarded({}, { status: 200, body: 'done' })],
  };
}

/** A 1xx that is none, or a switch that nobody asked for. */
function bad(id: string, title: string, said: string, rfc = RULE): Case {
  const safe = mustReplace();
  return { id: `interim/${id}`, title, rfc, about: 'safety', send: [get()], backend: reply(said, PAUSE, END), safe };
}

export const INTERIM: Topic = {
  name: 'Interim responses',
  about: 'rules',
  side: 'response',
  cases: [
    interim('100', 'A 100 is passed on in front of the answer', [CONTINUE], [100]),
    interim('102', 'A 102 is passed on', [head('HTTP/1.1 102 Processing')], [102]),
    interim('103', 'A 103 is passed on', [HINTS], [103], 'RFC 8297 2'),
    interim('unknown', 'A 1xx that nobody knows is passed on', [head('HTTP/1.1 199 Odd')], [199]),
    interim('several', 'Several are passed on in order', [HINTS, CONTINUE, HINTS], [103, 100, 103]),
    {
      ...interim('one-write', 'They are told apart in one write', [], []),
      backend: reply(CONTINUE + HINTS + ok('done')),
      safe: [
        forwarded({}, { status: 200, body: 'done', interims: [100, 103] }),
        forwarded({}, { status: 200, body: 'done' }),
      ],
    },
    interim(
      'length',
      'A length in a 1xx frames nothing',
      [head('HTTP/1.1 103 Early Hints', 'Content-Length: 50')],
      [103],
      'RFC 9110 8.6',
    ),
    {
      ...interim('http10-client', 'An HTTP/1.0 client gets none', [], []),
      send: [head(`GET ${PATH} HTTP/1.0`, HOST)],
      backend: reply(CONTINUE, PAUSE, ok('done')),
      safe: [delivered({ status: 200, body: 'done', interims: [] }, 'closed')],
    },
    {
      ...interim('to-head', 'A HEAD request gets them too', [], []),
      send: [head(`HEAD ${PATH} HTTP/1.1`, HOST)],
      toHead: true,
      backend: reply(HINTS, PAUSE, head('HTTP/1.1 200 OK', 'Content-Length: 50')),
      safe: [forwarded({}, { status: 200, interims: [103] }), forwarded({}, { status: 200 })],
    },
    {
      ...bad('endless', 'A thousand of them become 502', ''),
      about: 'rules',
      backend: reply(HINTS.repeat(1_000) + ok('done')),
      safe: [...mustReplace(), forwarded({}, { status: 200, body: 'done' })],
    },
    {
      ...bad('alone', 'A 1xx behind which nothing comes becomes 502', CONTINUE),
      about: 'rules',
    },
    {
      ...bad('coding', 'A coding in a 1xx becomes 502', '', 'RFC 9112 6.1'),
      backend: reply(head('HTTP/1.1 103 Early Hints', 'Transfer-Encoding: chunked') + ok('done')),
      safe: [...mustReplace(), forwarded({}, { status: 200, body: 'done' })],
    },
    bad(
      '101-unasked',
      'A 101 that nobody asked for becomes 502',
      head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'),
      'RFC 9110 7.8',
    ),
    {
      ...bad('101-unasked-tunnel', 'It opens no tunnel to the backend', '', 'RFC 9110 7.8'),
      send: [`${get()}GET ${SMUGGLED_PATH} HTTP/1.1\r\nHost : x\r\n\r\n`],
      backend: reply(head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'), PAUSE, END),
      answers: 2,
      safe: [
        { kind: 'replaced', answers: [{ status: 502 }, { status: 400 }], end: 'closed' },
        ...mustReplace(),
        { kind: 'replaced', answers: [{ status: [500, 502, 503] }, { status: 400 }], end: 'any' },
        ANY_ERROR,
      ],
    },
    {
      ...bad(
        '101-twice',
        'A 101 behind a 100 was not asked for either',
        CONTINUE + head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'),
        'RFC 9110 7.8',
      ),
    },
  ],
};
