/**
 * test/fuzz/corpus.ts: inputs worth keeping: what was ever read differently and the classic attacks. Replayed before
 * anything else, and the starting point of further mutations.
 */
import type { Input } from './message.js';

const NEXT = 'GET /next HTTP/1.1\r\nHost: n\r\n\r\n';

function request(...parts: readonly string[]): Input {
  return { kind: 'request', text: parts.join('\r\n') };
}

function chunked(body: string): Input {
  return request('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', body + NEXT);
}

function response(...parts: readonly string[]): Input {
  return { kind: 'response', text: parts.join('\r\n') };
}

/** Each was read differently once, by us or by llhttp; what came of it is said beside it. */
const FOUND: readonly Input[] = [
  // A chunk extension was anything without a control character: held to its grammar since.
  chunked('1;\r\na\r\n0\r\n\r\n'),
  chunked('1; \r\na\r\n0\r\n\r\n'),
  chunked('7;a="b"c\r\n0\r\n\r\nGE\r\n0\r\n\r\n'),
  chunked('1;a;\r\na\r\n0\r\n\r\n'),
  // A tab behind the framing fields' values: refused since. To llhttp such a response lasts until the connection ends.
  request('POST / HTTP/1.1', 'Host: a', 'Content-Length: 7\t', '', 'GET / H'),
  request('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked\t', '', '0', '', NEXT),
  response('HTTP/1.1 500', 'Transfer-Encoding: chunked\t', '', '0', '', ''),
  // `Connection: close` did not name a field called Close as any other option does: it does since.
  { ...request('GET / HTTP/1.1', 'Host: a', 'Connection: close', 'Close: x', '', ''), trusted: true },
  // Meant: to llhttp an interim response can end the connection, Proxy-Connection means something, a tab is no space.
  response('HTTP/1.0 199', '', 'HTTP/1.1 204 ', '', ''),
  response('HTTP/1.1 100 ', 'Connection: close', '', 'HTTP/1.1 103', '', 'HTTP/1.1 200', 'Content-Length: 0', '', ''),
  response('HTTP/1.1 204 ', 'Proxy-Connection: close', '', ''),
  request('GET / HTTP/1.1', 'Host: a', 'Proxy-Connection: close', '', NEXT),
  request('GET / HTTP/1.0', 'Connection: keep-alive\t', '', NEXT),
  { ...response('HTTP/1.1 500', 'n:', '', ''), isHead: true },
];

/** Request smuggling as the literature has it: Linhart et al. (2005), Kettle (2019, 2021, 2022), Grenfeldt (2021). */
const CLASSICS: readonly Input[] = [
  request('POST / HTTP/1.1', 'Host: a', 'Content-Length: 6', 'Transfer-Encoding: chunked', '', '0', '', 'X'),
  request('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 3', '', '1', 'A', '0', '', ''),
  request('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: x', '', '0', '', NEXT),
  request('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Content-Length: 6', '', 'hello', NEXT),
  request('GET / HTTP/1.1', 'Host: a', 'Content-Length: 30', '', NEXT),
  request('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AA', '', NEXT),
  request('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', NEXT),
  request('POST / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: x', 'Content-Length: 3', '', `abc${NEXT}`),
  request('POST / HTTP/1.1', 'Host: a', 'Connection: content-length', 'Content-Length: 3', '', `abc${NEXT}`),
  request('GET http://b/ HTTP/1.1', 'Host: a', '', NEXT),
  request('GET / HTTP/1.2', 'Host: a', '', NEXT),
  request('QUERY / HTTP/1.1', 'Host: a', 'Content-Length: 1', '', `q${NEXT}`),
  request('', 'GET / HTTP/1.0', 'Connection: keep-alive', '', NEXT),
  chunked('5;a="\r\n0\r\n\r\n"\r\nhello\r\n0\r\n\r\n'),
  chunked('5;x\nhello\r\n0\r\n\r\n'),
  chunked('fffffffffffffff6\r\nhello\r\n0\r\n\r\n'),
  chunked('0\r\nContent-Length: 0\r\n\r\n'),
  chunked('0\r\nX: y\r\n\r\n'),
  chunked('1\r\na\r\r\n0\r\n\r\n'),
  response('HTTP/1.1 200 OK', 'Content-Length: 0', '', 'HTTP/1.1 200 OK', 'Content-Length: 1', '', 'x'),
  response('HTTP/1.1 204 No Content', 'Content-Length: 5', '', 'hello'),
  response('HTTP/1.1 304 Not Modified', 'Content-Length: 5', '', ''),
  { ...response('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ab', '0', 'X: y', '', ''), toMinor: 0 },
  { ...response('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade', '', 'data'), upgrade: true },
];

export const CORPUS: readonly Input[] = [...FOUND, ...CLASSICS];
