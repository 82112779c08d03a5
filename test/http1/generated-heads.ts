/** test/http1/generated-heads.ts: request heads that are nearly right, which is where parsers disagree. */
import { METHODS } from 'node:http';
import fc from 'fast-check';

const NASTY = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\x7f',
  '\x80',
  '\xff',
  '\x0b',
  '#',
  '/',
  '0',
  'chunked',
];
const FRAMING = ['Content-Length: 0', 'Content-Length: 5', 'content-length:\t7 ', 'transfer-encoding:CHUNKED'];

/** One of `good`, or one time in `oneIn` one of `bad`. */
function mostly(good: readonly string[], bad: readonly string[], oneIn: number): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: oneIn - 1, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  );
}

const method = mostly(
  METHODS.filter((name) => name !== 'CONNECT'),
  ['get', 'G T', 'FETCH', 'CONNECT', ''],
  30,
);
const target = mostly(
  ['/', '/a/b?c=d&e', '/a"<>[]^`{|}', '//x', '/%zz', 'http://b', 'http://b:8080/x?y', 'HTTPS://[::1]/'],
  ['*', 'http://u@b/', 'http://', 'b:80', '/a b', '/#x', '/\xe9', ''],
  20,
);
const version = mostly(
  ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'],
  ['HTTP/1.2', 'HTTP/2.0', 'HTTP/1', 'http/1.1', 'HTTP/1.1 '],
  20,
);
const host = mostly(
  ['Host: a', 'host:a.example:80', 'HOST: [::1]:8080 ', 'Host:\t127.0.0.1'],
  ['Host:', 'Host: a, b', 'Host: a b', 'Host : a', 'X-Host: a'],
  20,
);
const field = mostly(
  [
    ...['Accept: */*', 'x-a:  1 \t', 'X-Empty:', 'Cookie: a=b; c="d"', 'X-Text: \x80\xe9\xff', '!#$: %', 'Trailer: X'],
    ...['Connection: close', 'Connection: keep-alive, x-a', 'Connection: upgrade', 'Upgrade: websocket'],
    ...['Expect: 100-continue', 'Expect: x', 'TE: trailers', 'Keep-Alive: timeout=5', 'X-Forwarded-For: 1.1.1.1'],
  ],
  [
    ...['Content-Length: 5, 5', 'Content-Length: +5', 'Content-Length: 9007199254740992', 'Content-Length: 5'],
    ...['Content-Length: 18446744073709551617', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: xchunked'],
    ...['Transfer-Encoding: chunked, identity', 'Transfer-Encoding:', 'Transfer-Encoding: chunked'],
    ...['Host: twice', ' folded', 'No colon', ': none'],
  ],
  12,
);
const lineEnd = mostly(['\r\n'], ['\n', '\r', '\r\n ', '\r\r\n'], 60);

/** A head with one space, line end or field that is often not what it should be, and at times a byte changed. */
export const nearlyRightHead = fc
  .record({
    front: mostly(['', '', '', '\r\n'], ['\n', ' ', '\r\n\r\n'], 30),
    line: fc.tuple(method, target, version).map((parts) => parts.join(' ')),
    host: fc.option(host, { freq: 20 }),
    framing: fc.option(fc.constantFrom(...FRAMING), { freq: 1 }),
    fields: fc.array(field, { maxLength: 4 }),
    ends: fc.array(lineEnd, { minLength: 7, maxLength: 7 }),
    change: fc.option(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.constantFrom(...NASTY) }), {
      freq: 1,
    }),
    replaces: fc.boolean(),
  })
  .map(({ front, line, host: hostLine, framing, fields, ends, change, replaces }) => {
    const list = [line, hostLine, ...fields, framing].filter((text) => text !== null);
    const head = `${front}${list.map((text, i) => text + (ends[i] ?? '\r\n')).join('')}\r\n`;
    if (change === null) return head;
    const at = Math.floor(change.at * head.length);
    return head.slice(0, at) + change.to + head.slice(at + (replaces ? 1 : 0));
  });
