/** test/fuzz/vocabulary.ts: the words that messages are made of: good ones, and those that parsers disagree about. */

type Words = readonly [string, ...string[]];

export const METHODS: Words = [
  'GET',
  'GET',
  'POST',
  'POST',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'M-SEARCH',
  'TRACE',
];
export const ODD_METHODS: Words = [
  'get',
  'FETCH',
  'QUERY',
  'G T',
  'CONNECT',
  'SOURCE',
  'PRI',
  'X',
  '!#$%',
  'GET\t',
  '',
];
export const TARGETS: Words = ['/', '/a/b?c=d&e', '/a"<>[]^`{|}', '//x', '/%zz', 'http://b', 'HTTP://[::1]:80/?q', '*'];
export const ODD_TARGETS: Words = [
  ...([
    'http://b:8080?y',
    'https://b?q=/',
    'http://u@b/',
    'http://',
    'b:80',
    '/a b',
    '/#x',
    '/\xe9',
    '/\x7f',
    '/\t',
    '',
  ] as const),
  ...['http://b/http://c/', 'http:///x', 'ftp://b/', '*x', '/..//.\\', 'http://b:/', 'http://b:99999/', '?x'],
];
export const VERSIONS: Words = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
export const ODD_VERSIONS: Words = [
  ...([
    'HTTP/1.2',
    'HTTP/1.9',
    'HTTP/2.0',
    'HTTP/0.9',
    'HTTP/1',
    'http/1.1',
    'HTTP/1.1 ',
    'HTTP/01.1',
    'HTTP/1.10',
  ] as const),
  ...['RTSP/1.0', 'ICE/1.0', ' HTTP/1.1', ''],
];
export const HOSTS: Words = ['Host: a', 'host:a.example:80', 'HOST: [::1]:8080 ', 'Host:\t127.0.0.1'];
export const ODD_HOSTS: Words = [
  'Host:',
  'Host: a, b',
  'Host: a b',
  'Host : a',
  'X-Host: a',
  'Host: a\xa0',
  'Host: a/',
];

export const STATUS_LINES: Words = [
  ...(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 500'] as const),
  ...[
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 304 Not Modified',
    'HTTP/1.1 206 ',
    'HTTP/1.1 599 \xe9\t x',
    'HTTP/1.1 205 x',
    'HTTP/1.1 426 Upgrade Required',
  ],
];
export const ODD_STATUS_LINES: Words = [
  ...([
    'HTTP/1.1 600 x',
    'HTTP/1.1 99 x',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 200OK',
    'HTTP/2 200',
  ] as const),
  ...['HTTP/1.1 +20 x', 'HTTP/1.2 200 OK', 'http/1.1 200 OK', 'HTTP/1.1\t200 OK', 'HTTP/1.1 200\tOK', 'ICY 200 OK'],
  ...['HTTP/1.1 101 Switching Protocols', 'HTTP/1.1 200  two', 'HTTP/1.1 200 a\rb', 'HTTP/1.1 200 a\x0bb', '200 OK'],
];
export const INTERIM_LINES: Words = [
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 102 ',
  'HTTP/1.0 199 x',
];

export const FIELDS: Words = [
  ...(['Accept: */*', 'x-a:  1 \t', 'X-Empty:', 'Cookie: a=b; c="d"', 'X-Text: \x80\xe9\xff', '!#$: %'] as const),
  ...['Trailer: X', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'Keep-Alive: timeout=5', 'TE: trailers', 'X-B:\t\t"\\"'],
  ...['Connection: close', 'Connection: keep-alive, x-a', 'Connection: upgrade', 'Upgrade: websocket', 'Expect: x'],
  ...['Expect: 100-continue', 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Host: h', 'Forwarded: for=x', 'Via: 1.1 x'],
  ...[
    'Connection: TE, Upgrade',
    'X_Forwarded_For: 9',
    'X-Forwarded-Proto: https',
    'X-Real-IP: 1.1.1.1',
    'Close: c',
    'Connection: close, x-b',
  ],
  ...['Upgrade: h2c', 'HTTP2-Settings: AAA', 'Proxy-Connection: keep-alive', 'Connection: ,, ,\t,x-text', 'Date: 0'],
  ...['X-Request-Id: r-1', 'x-request-id:', 'Max-Forwards: 3', 'Max-Forwards: 0', 'max-forwards: 0010'],
];
export const ODD_FIELDS: Words = [
  ...([
    ' folded: x',
    '\tfolded',
    'No colon',
    ': none',
    'A\x00: b',
    'A: \x00',
    'A: b\rC: d',
    'A: b\nC: d',
    'A\t: b',
  ] as const),
  ...['A: \x0b', 'A: \x7f', 'A\x80: x', 'A:b:c', 'A: b\r\r', '"A": x', 'A B: c', 'Connection: content-length, host'],
  ...['Connection: transfer-encoding', 'Connection: Connection', 'Connection: x-forwarded-for', 'TE: chunked;q=0'],
  ...['Connection: "close"', 'Connection: clos', 'Connection: keep-alive, close', 'Connection: closed\t', 'Upgrade: ,'],
  ...[`X-Request-Id: ${'x'.repeat(129)}`, 'Max-Forwards: -1', 'Max-Forwards: 9999999999', 'Connection: x-request-id'],
];
/** Content-Length and Transfer-Encoding in disguise; `#` is the true length of the body. */
export const FRAMING_TRICKS: Words = [
  ...([
    'Content-Length: #\t',
    'Content-Length:\t#',
    'content-length:#  ',
    'Content-Length: 0#',
    'Content-Length: +#',
  ] as const),
  ...[
    'Content-Length: #, #',
    'Content-Length: # #',
    'Content-Length: -#',
    'Content-Length: 0x#',
    'Content-Length: #.0',
  ],
  ...['Content-Length: 1#', 'Content-Length:', 'Content-Length: "#"', 'Content_Length: #', 'Content-Length : #'],
  ...[
    'Content-Length: 18446744073709551616',
    'Content-Length: 9007199254740993',
    'Content-Length: #\x0b',
    'Content-Length: #;',
  ],
  ...[
    'X: y\nContent-Length: #',
    'Content-Length\x00: #',
    'Content-Length: \x00#',
    'Content-Length: 0',
    'Content-Length: #e0',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'transfer-encoding:CHUNKED',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding: chunked\t',
  ],
  ...[
    'Transfer-Encoding: chunked ',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding:',
  ],
  ...[
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, gzip',
    'Transfer-Encoding: xchunked',
    'TE: chunked',
  ],
  ...[
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding : chunked',
    'Transfer_Encoding: chunked',
  ],
  ...[
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: chunked\x00',
  ],
  ...[
    ' Transfer-Encoding: chunked',
    'X: y\r Transfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding: \xa0chunked',
  ],
];

export const EXTENSIONS: Words = [
  ';a',
  ';a=b',
  ';a="b c"',
  ';a="\\"";b',
  ';chunk-signature=0a1b',
  ';a=""',
  ';a="\t\x80"',
];
export const ODD_EXTENSIONS: Words = [
  ...([
    ';',
    ' ',
    '\t',
    ' ;a',
    '; a',
    ';a =b',
    ';a= b',
    ';a=',
    ';=b',
    ';a;',
    ';a b',
    ';a="b',
    ';a="b"c',
    ';a=b"',
  ] as const),
  ...[
    ';a\r',
    ';a\nx',
    ';\x00',
    ';\x80',
    ';a="\x00"',
    ';a="\r\n"',
    ';a="\\\x00"',
    ',a',
    ';a=b ',
    ';a="b" ',
    'x',
    ';a=\x80',
  ],
];
/** `#` is the true size in hexadecimal. */
export const ODD_SIZES: Words = [
  ...([
    '0x#',
    '+#',
    '-#',
    ' #',
    '# ',
    '#\t',
    '0000000000000000#',
    '#g',
    '',
    '_#',
    '#.',
    '\t#',
    '#\x00',
    '1#',
    '#\n',
  ] as const),
  ...['fffffffffffffff', '10000000000000000#', '#\r', '00000#', 'FFFFFFFFFFFFFFFF', '20000000000000', '1fffffffffffff'],
];
export const TRAILERS: Words = ['X-T: 1', 'ETag: "x"', 'x-empty:', 'X-Obs: \xe9', 'Expires:\t0'];
export const ODD_TRAILERS: Words = [
  ...([
    'Content-Length: 0',
    'Transfer-Encoding: chunked',
    'Host: b',
    'Connection: close',
    ' folded',
    ': x',
    'No colon',
  ] as const),
  ...['A : b', 'A: \x00', 'A: b\nC: d', 'Trailer: x', 'X-Forwarded-For: 1', 'A\t: x', 'A: b\r', 'Upgrade: x', 'TE: x'],
];

/** What is put between, over or in the place of bytes. */
export const SPLINTERS: Words = [
  ...([
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '\r\n\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '=',
    '"',
    '\\',
    '\x0b',
    '\x0c',
    '\x1f',
  ] as const),
  ...[
    '\x7f',
    '\x80',
    '\x85',
    '\xa0',
    '\xff',
    '#',
    '/',
    '0',
    '1',
    'a',
    'f',
    'chunked',
    'Content-Length: 1\r\n',
    'HTTP/1.1',
  ],
  ...['0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: s\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'Transfer-Encoding: chunked\r\n'],
];
