/** Fields that end at this hop, and those a client must not forge (RFC 9110 7.6.1). */
import { ANY_ERROR, forwarded, get, HOST, head, ok, PATH, post, postBody, reply } from '../bytes.js';
import type { AnswerWant, Case, RequestWant, Topic } from '../case.js';

const RULE = 'RFC 9110 7.6.1';

function request(id: string, title: string, fields: readonly string[], want: RequestWant, rfc = RULE): Case {
  return { id: `hop-by-hop/${id}`, title, rfc, send: [get(...fields)], safe: [forwarded(want), ANY_ERROR] };
}

function response(id: string, title: string, fields: readonly string[], want: Omit<AnswerWant, 'status'>): Case {
  const answer = { status: 200, body: 'hello', ...want };
  return {
    id: `hop-by-hop/response-${id}`,
    title,
    rfc: RULE,
    send: [get()],
    backend: reply(ok('hello', ...fields)),
    safe: [forwarded({}, answer)],
  };
}

export const HOP_BY_HOP: Topic = {
  name: 'Hop-by-hop fields',
  about: 'rules',
  side: 'request',
  cases: [
    request('keep-alive', 'Keep-Alive ends here', ['Connection: keep-alive', 'Keep-Alive: timeout=5'], {
      lacks: ['Keep-Alive'],
    }),
    request(
      'keep-alive-unnamed',
      'Keep-Alive ends here also when Connection does not name it',
      ['Keep-Alive: timeout=5'],
      { lacks: ['Keep-Alive'] },
    ),
    request('proxy-connection', 'Proxy-Connection ends here', ['Proxy-Connection: keep-alive'], {
      lacks: ['Proxy-Connection'],
    }),
    request('nominated', 'A field that Connection names ends here', ['X-A: 1', 'Connection: X-A', 'X-B: 2'], {
      lacks: ['X-A'],
      has: ['X-B: 2'],
    }),
    request('nominated-case', 'Names in Connection have no case', ['x-a: 1', 'Connection: keep-alive,X-A'], {
      lacks: ['X-A'],
    }),
    request(
      'nominated-repeated',
      'Every line of a named field ends here',
      ['X-A: 1', 'X-B: 2', 'X-A: 3', 'Connection: x-a'],
      { lacks: ['X-A'], has: ['X-B: 2'] },
    ),
    request(
      'nominated-two-lines',
      'Two Connection fields are one list',
      ['Connection: X-A', 'X-A: 1', 'X-B: 2', 'Connection: X-B'],
      { lacks: ['X-A', 'X-B'] },
    ),
    request(
      'nominated-odd-list',
      'Empty elements and tabs in Connection hide no name',
      ['Connection: ,\t, X-A\t,,', 'X-A: 1'],
      { lacks: ['X-A'] },
    ),
    request('nominated-part', 'Part of a name is no name', ['Connection: X', 'X-A: 1'], { has: ['X-A: 1'] }),
    request('connection-dropped', 'Options nobody knows do not go on', ['Connection: x-unknown'], {
      lacks: ['X-Unknown'],
    }),
    {
      ...request(
        'te-trailers',
        'TE goes on as far as trailers',
        ['TE: trailers', 'Connection: TE'],
        {},
        'RFC 9110 10.1.4',
      ),
      safe: [forwarded({ has: ['TE: trailers'] }), forwarded({})],
    },
    request(
      'te-gzip',
      'No other coding in TE goes on',
      ['TE: gzip', 'Connection: TE'],
      { lacks: ['TE'] },
      'RFC 9110 10.1.4',
    ),
    request('http2-settings', 'HTTP2-Settings ends here', ['HTTP2-Settings: AAAA', 'Connection: HTTP2-Settings'], {
      lacks: ['HTTP2-Settings'],
    }),
    request(
      'upgrade-unnamed',
      'Upgrade without Connection asks for nothing',
      ['Upgrade: websocket'],
      { lacks: ['Upgrade'] },
      'RFC 9110 7.8',
    ),
    request(
      'forged-for',
      'X-Forwarded-For of a stranger is replaced',
      ['X-Forwarded-For: 192.0.2.66'],
      { has: ['X-Forwarded-For: 127.0.0.1'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-for-case',
      'It is replaced in any case and as often as it comes',
      ['x-forwarded-for: 192.0.2.66', 'X-FORWARDED-FOR: 192.0.2.67'],
      { has: ['X-Forwarded-For: 127.0.0.1'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-underscore',
      'Spelt with underscores, which CGI reads as the same name, it is dropped',
      ['X_Forwarded_For: 192.0.2.66'],
      { lacks: ['X_Forwarded_For'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-real-ip',
      'X-Real-IP of a stranger is dropped',
      ['X-Real-IP: 192.0.2.66', 'x_real_ip: 192.0.2.67'],
      { lacks: ['X-Real-IP', 'x_real_ip'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-nominated',
      'A client cannot have it removed by naming it in Connection',
      ['Connection: X-Forwarded-For, X-Forwarded-Proto'],
      { has: ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-proto',
      'X-Forwarded-Proto of a stranger is replaced',
      ['X-Forwarded-Proto: https'],
      { has: ['X-Forwarded-Proto: http'] },
      'RFC 7239 8.1',
    ),
    request(
      'forged-host',
      'X-Forwarded-Host of a stranger is replaced',
      ['X-Forwarded-Host: evil.test'],
      { has: ['X-Forwarded-Host: site.test'] },
      'RFC 7239 8.1',
    ),
    {
      ...request('length-nominated', 'The framing of a body cannot be named away', [], {}),
      send: [`${post('Content-Length: 5', 'Connection: Content-Length, Host, Transfer-Encoding')}hello`],
      safe: [forwarded({ body: 'hello', has: [HOST] }), ANY_ERROR],
    },
    {
      ...request('trailer-kept', 'Trailer announces what comes behind the body, and goes on', [], {}, 'RFC 9110 6.6.2'),
      send: [postBody('hello', 'Trailer: X-Sum')],
      safe: [forwarded({ has: ['Trailer: X-Sum'] }), forwarded({ body: 'hello' })],
    },
    {
      ...request('max-forwards', 'Max-Forwards of an OPTIONS counts this hop', [], {}, 'RFC 9110 7.6.2'),
      send: [head(`OPTIONS ${PATH} HTTP/1.1`, HOST, 'Max-Forwards: 2')],
      safe: [forwarded({ has: ['Max-Forwards: 1'] }), ANY_ERROR],
    },
    {
      ...request('max-forwards-zero', 'At zero an OPTIONS is answered here', [], {}, 'RFC 9110 7.6.2'),
      send: [head(`OPTIONS ${PATH} HTTP/1.1`, HOST, 'Max-Forwards: 0')],
      safe: [{ kind: 'replaced', answers: [{ status: [200, 204] }], end: 'any', reaches: [] }, ANY_ERROR],
    },
    {
      ...request('max-forwards-trace', 'At zero a TRACE is answered here, or refused', [], {}, 'RFC 9110 7.6.2'),
      send: [head(`TRACE ${PATH} HTTP/1.1`, HOST, 'Max-Forwards: 0')],
      safe: [ANY_ERROR, { kind: 'replaced', answers: [{ status: 200 }], end: 'any', reaches: [] }],
    },
    request(
      'max-forwards-get',
      'For other methods it is a field like any other',
      ['Max-Forwards: 5'],
      { has: ['Max-Forwards: 5'] },
      'RFC 9110 7.6.2',
    ),
    response('keep-alive', "The backend's Keep-Alive ends here", ['Keep-Alive: timeout=5', 'Connection: keep-alive'], {
      lacks: ['Keep-Alive'],
    }),
    response(
      'nominated',
      "A field that the backend's Connection names ends here",
      ['X-A: 1', 'Connection: x-a', 'X-B: 2'],
      { lacks: ['X-A'], has: ['X-B: 2'] },
    ),
    response('length-nominated', 'A backend cannot have the length removed', ['Connection: Content-Length'], {
      has: ['Content-Length: 5'],
    }),
    {
      ...response('close', 'That the backend closes is no reason to close on the client', ['Connection: close'], {}),
      safe: [forwarded({}, { status: 200, lacks: ['Connection'] }), forwarded({}, { status: 200 })],
    },
    response('proxy-connection', 'Proxy-Connection of a backend ends here', ['Proxy-Connection: close'], {
      lacks: ['Proxy-Connection'],
    }),
  ],
};
