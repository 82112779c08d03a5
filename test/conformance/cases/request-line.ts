/** Request lines: method, target and version, one space apart (RFC 9112 3). */
import {
  ANY_ERROR,
  answered,
  anyRefusal,
  forwarded,
  forwardedOnce,
  HOST,
  head,
  mustRefuse,
  PATH,
  refused,
  repaired,
  SMUGGLED,
  TAG,
} from '../bytes.js';
import type { Case, Outcome, Topic } from '../case.js';

const LINE = 'RFC 9112 3';
const TARGET = 'RFC 9112 3.2';
const VERSION = 'RFC 9112 2.3';

function bad(id: string, title: string, line: string, rfc = LINE, status = 400): Case {
  return {
    id: `request-line/${id}`,
    title,
    rfc,
    send: [head(line, HOST, `X-Tag: ${TAG}`)],
    safe: [...mustRefuse(status), ...repaired()],
  };
}

/** Goes on byte for byte; refusing it would be safe too. */
function kept(id: string, title: string, line: string, others: readonly Outcome[] = [], rfc = TARGET): Case {
  return {
    id: `request-line/${id}`,
    title,
    rfc,
    send: [head(line, HOST)],
    safe: [forwarded({ line }), ...others, ANY_ERROR],
  };
}

/** The absolute form reaches the backend with the Host of its authority. */
function absolute(id: string, title: string, target: string, host: string, want: string): Case {
  const line = `GET ${target} HTTP/1.1`;
  return {
    id: `request-line/${id}`,
    title,
    rfc: 'RFC 9112 3.2.2',
    send: [head(line, `Host: ${host}`)],
    safe: [forwarded({ line, has: [`Host: ${want}`] }), forwarded({ has: [`Host: ${want}`] }), ...anyRefusal()],
  };
}

export const REQUEST_LINE: Topic = {
  name: 'Request line',
  about: 'safety',
  side: 'request',
  cases: [
    bad('double-space', 'Two spaces behind the method are refused', `GET  ${PATH} HTTP/1.1`),
    bad('double-space-target', 'Two spaces behind the target are refused', `GET ${PATH}  HTTP/1.1`),
    bad('tab', 'A tab behind the method is refused', `GET\t${PATH} HTTP/1.1`),
    bad('tab-target', 'A tab behind the target is refused', `GET ${PATH}\tHTTP/1.1`),
    bad('vertical-tab', 'A vertical tab is no space', `GET\x0b${PATH}\x0bHTTP/1.1`),
    bad('trailing-space', 'A space behind the version is refused', `GET ${PATH} HTTP/1.1 `),
    bad('space-in-target', 'A space in the target is refused', `GET ${PATH} x HTTP/1.1`),
    bad(
      'version-in-target',
      'A version in the middle of the target hides no second one',
      `GET ${PATH} HTTP/1.1 HTTP/1.1`,
    ),
    bad('tab-in-target', 'A tab in the target is refused', `GET ${PATH}\tx HTTP/1.1`, TARGET),
    bad('nul-in-target', 'A NUL in the target is refused', `GET ${PATH}\0 HTTP/1.1`, TARGET),
    bad('control-in-target', 'A control byte in the target is refused', `GET ${PATH}\x01 HTTP/1.1`, TARGET),
    bad('delete-in-target', 'A delete in the target is refused', `GET ${PATH}\x7f HTTP/1.1`, TARGET),
    {
      ...bad('obs-text-in-target', 'A byte above ASCII in the target is refused', '', TARGET),
      send: [head(`GET ${PATH}/\xc3\xa4 HTTP/1.1`, HOST)],
      safe: [...mustRefuse(400), forwarded({ line: `GET ${PATH}/\xc3\xa4 HTTP/1.1` })],
    },
    {
      ...bad('fragment', 'A fragment in the target is refused', '', TARGET),
      send: [head(`GET ${PATH}#x HTTP/1.1`, HOST)],
      safe: [...mustRefuse(400), forwarded({ line: `GET ${PATH}#x HTTP/1.1` })],
    },
    bad('no-target', 'A missing target is refused', 'GET  HTTP/1.1'),
    bad('no-method', 'A missing method is refused', ` ${PATH} HTTP/1.1`),
    { ...bad('no-version', 'A missing version is refused, HTTP/0.9 is not spoken', `GET ${PATH}`), about: 'rules' },
    { ...bad('no-version-space', 'A missing version behind a space is refused', `GET ${PATH} `), about: 'rules' },
    bad('method-not-token', 'A method that is no token is refused', `G(T ${PATH} HTTP/1.1`, 'RFC 9110 9.1'),
    bad('method-obs-text', 'A byte above ASCII in the method is refused', `G\xc4T ${PATH} HTTP/1.1`, 'RFC 9110 9.1'),
    bad('relative', 'A target that does not begin with a slash is refused', `GET ${PATH.slice(1)} HTTP/1.1`, TARGET),
    bad('asterisk-get', 'Only OPTIONS may ask for *', 'GET * HTTP/1.1', 'RFC 9112 3.2.4'),
    bad('asterisk-path', 'A path behind * is refused', `OPTIONS *${PATH} HTTP/1.1`, 'RFC 9112 3.2.4'),
    bad('authority-get', 'Only CONNECT may name an authority', 'GET site.test:80 HTTP/1.1', 'RFC 9112 3.2.3'),
    bad('other-scheme', 'A URL of another scheme is refused', `GET ftp://site.test${PATH} HTTP/1.1`, 'RFC 9112 3.2.2'),
    bad(
      'user-info',
      'User information in the target is refused',
      `GET http://user@site.test${PATH} HTTP/1.1`,
      'RFC 9110 4.2.4',
    ),
    bad('empty-authority', 'A URL without a host is refused', `GET http://${PATH} HTTP/1.1`, 'RFC 9110 4.2.1'),
    bad('version-2', 'HTTP/2.0 on a line is refused', `GET ${PATH} HTTP/2.0`, VERSION, 505),
    bad('version-3', 'HTTP/3.0 on a line is refused', `GET ${PATH} HTTP/3.0`, VERSION, 505),
    { ...bad('version-0', 'HTTP/0.9 is refused', `GET ${PATH} HTTP/0.9`, VERSION, 505), about: 'rules' },
    bad('version-two-digits', 'A minor version of two digits is refused', `GET ${PATH} HTTP/1.10`, VERSION),
    bad('version-leading-zero', 'A major version of two digits is refused', `GET ${PATH} HTTP/01.1`, VERSION),
    bad('version-no-minor', 'A version without a minor is refused', `GET ${PATH} HTTP/1`, VERSION),
    bad('version-lower-case', 'The protocol name has a case', `GET ${PATH} http/1.1`, VERSION),
    bad('version-other-protocol', 'Another protocol is refused', `GET ${PATH} ICY/1.1`, VERSION),
    bad('version-comma', 'A comma is no point', `GET ${PATH} HTTP/1,1`, VERSION),
    bad('version-space', 'A space in the version is refused', `GET ${PATH} HTTP/ 1.1`, VERSION),
    {
      ...bad('version-1-2', 'HTTP/1.2 is read as HTTP/1.1, and passed on as that', '', 'RFC 9110 2.5'),
      send: [head(`GET ${PATH} HTTP/1.2`, HOST)],
      safe: [
        forwarded({ line: `GET ${PATH} HTTP/1.1` }),
        ...anyRefusal(),
        forwardedOnce({ line: `GET ${PATH} HTTP/1.1` }),
      ],
    },
    {
      ...bad('h2-preface', 'The preface of HTTP/2 is refused where only HTTP/1.1 is spoken', '', 'RFC 9113 3.4', 505),
      send: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      safe: mustRefuse(505),
    },
    {
      ...bad('connect', 'CONNECT is refused: this is no forward proxy', '', 'RFC 9110 9.3.6'),
      send: [head('CONNECT site.test:443 HTTP/1.1', 'Host: site.test:443') + SMUGGLED],
      safe: mustRefuse(405),
    },
    {
      ...bad('connect-path', 'CONNECT is refused with a path too', '', 'RFC 9110 9.3.6'),
      send: [head(`CONNECT ${PATH} HTTP/1.1`, HOST)],
      safe: [...mustRefuse(405), answered([400, 405, 501])],
    },
    {
      ...kept('options-asterisk', 'OPTIONS * goes on as it is', 'OPTIONS * HTTP/1.1', [], 'RFC 9112 3.2.4'),
      send: [head('OPTIONS * HTTP/1.1', HOST, `X-Tag: ${PATH}`)],
    },
    kept('query', 'A query goes on byte for byte', `GET ${PATH}?a=%2F&&b=<"{}|\\^\`>;'!* HTTP/1.1`),
    kept('dots', 'Dots and double slashes are not resolved', `GET ${PATH}/..//./%2e%2E/x HTTP/1.1`),
    kept('bad-percent', 'A percent sign without digits goes on', `GET ${PATH}/%zz%HTTP HTTP/1.1`),
    kept('encoded-crlf', 'An encoded line end stays encoded', `GET ${PATH}/%0d%0aX:%20y HTTP/1.1`),
    kept('encoded-nul', 'An encoded NUL stays encoded', `GET ${PATH}/%00 HTTP/1.1`),
    kept('backslash', 'A backslash is no slash', `GET ${PATH}\\x HTTP/1.1`),
    kept('double-slash', 'A target that begins with two slashes names no host', `GET //evil.test${PATH} HTTP/1.1`),
    kept('url-in-path', 'A URL in a path is a path', `GET ${PATH}/http://evil.test/ HTTP/1.1`),
    kept('question-marks', 'A second question mark belongs to the query', `GET ${PATH}?? HTTP/1.1`),
    kept('unknown-method', 'An unknown method goes on', `BREW ${PATH} HTTP/1.1`, [], 'RFC 9110 9.1'),
    kept('lower-case-method', 'A method has a case', `get ${PATH} HTTP/1.1`, [], 'RFC 9110 9.1'),
    absolute('absolute', 'A URL as target is accepted', `http://site.test${PATH}`, 'site.test', 'site.test'),
    absolute(
      'absolute-other-host',
      'Its authority replaces the Host',
      `http://site.test${PATH}`,
      'evil.test',
      'site.test',
    ),
    {
      ...absolute('absolute-port', 'Its port does too', `http://site.test:81${PATH}`, 'evil.test', 'site.test:81'),
      about: 'rules',
    },
    absolute('absolute-https', 'It may be an https URL', `https://site.test${PATH}`, 'evil.test', 'site.test'),
    absolute('absolute-upper-case', 'Its scheme has no case', `HTTP://site.test${PATH}`, 'evil.test', 'site.test'),
    absolute('absolute-query', 'It may have a query and no path', `http://site.test?${PATH}`, 'evil.test', 'site.test'),
    {
      ...bad(
        'long-method',
        'A method longer than any known is refused',
        `${'M'.repeat(100)} ${PATH} HTTP/1.1`,
        LINE,
        501,
      ),
      send: [head(`${'M'.repeat(100)} ${PATH} HTTP/1.1`, HOST)],
      safe: [refused(501), ...anyRefusal(), forwarded({})],
    },
  ],
};
