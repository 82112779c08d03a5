/** Heads of responses: a backend is believed no more than a client (RFC 9112 4 and 5). */
import { anyRefusal, delivered, forwarded, get, head, mustReplace, reply } from '../bytes.js';
import { type Case, END, type Outcome, type Topic } from '../case.js';

const STATUS_LINE = 'RFC 9112 4';
const LINES = 'RFC 9112 2.2';
const VALUES = 'RFC 9110 5.5';

/** The backend says this and ends; the client must not see it. */
function bad(id: string, title: string, rfc: string, said: string, others: readonly Outcome[] = []): Case {
  return {
    id: `response-head/${id}`,
    title,
    rfc,
    send: [get()],
    backend: reply(said, END),
    safe: [...mustReplace(), ...others],
  };
}

/** Passed on in a form that nobody can misread. */
const REPAIRED = delivered({ status: 200, body: 'ok' }, 'any');

function badLine(id: string, title: string, line: string): Case {
  return bad(id, title, STATUS_LINE, `${head(line, 'Content-Length: 2')}ok`, [REPAIRED]);
}

/** A strict reader could take the answer as it was repaired. */
function badField(id: string, title: string, rfc: string, field: string): Case {
  const said = `${head('HTTP/1.1 200 OK', 'X-A: 1', field, 'Content-Length: 2')}ok`;
  return bad(id, title, rfc, said, [delivered({ status: 200, body: 'ok', lacks: ['X-Evil'] }, 'any')]);
}

export const RESPONSE_HEAD: Topic = {
  name: 'Response heads',
  about: 'rules',
  side: 'response',
  cases: [
    badLine('version-2', 'A status line of another major version becomes 502', 'HTTP/2 200 OK'),
    badLine('version-lower-case', 'A protocol name in lower case becomes 502', 'http/1.1 200 OK'),
    badLine('other-protocol', 'Another protocol becomes 502', 'ICY 200 OK'),
    badLine('no-version', 'A status line without a version becomes 502', '200 OK'),
    badLine('status-two-digits', 'A status of two digits becomes 502', 'HTTP/1.1 99 Low'),
    badLine('status-four-digits', 'A status of four digits becomes 502', 'HTTP/1.1 2000 OK'),
    badLine('status-0xx', 'A status below 100 becomes 502', 'HTTP/1.1 099 Low'),
    badLine('status-6xx', 'A status beyond 599 becomes 502', 'HTTP/1.1 600 High'),
    badLine('status-sign', 'A status with a sign becomes 502', 'HTTP/1.1 +20 OK'),
    badLine('status-word', 'A status that is no number becomes 502', 'HTTP/1.1 OK'),
    badLine('status-double-space', 'Two spaces in front of the status become 502', 'HTTP/1.1  200 OK'),
    badLine('status-tab', 'A tab in front of the status becomes 502', 'HTTP/1.1\t200 OK'),
    badLine('status-glued', 'A reason without a space in front of it becomes 502', 'HTTP/1.1 200OK'),
    badLine('reason-nul', 'A NUL in the reason becomes 502', 'HTTP/1.1 200 O\0K'),
    { ...badLine('reason-cr', 'A CR in the reason becomes 502', 'HTTP/1.1 200 OK\rX-Evil: 1'), about: 'safety' },
    bad('http09', 'A response without a head becomes 502, HTTP/0.9 is not spoken', STATUS_LINE, '<html>hello</html>'),
    bad('request', 'A request in the place of a response becomes 502', STATUS_LINE, get()),
    bad(
      'leading-crlf',
      'An empty line in front of a response becomes 502',
      LINES,
      `\r\n${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`,
      [REPAIRED],
    ),
    bad(
      'lf-everywhere',
      'A head whose lines end in LF alone becomes 502',
      LINES,
      'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
      [REPAIRED],
    ),
    {
      ...badField('lf', 'A field line that ends in LF alone becomes 502', LINES, 'X-B: 1\nX-C: 1'),
      safe: [...mustReplace(), REPAIRED],
    },
    { ...badField('cr', 'A CR alone in a field becomes 502', LINES, 'X-B: 1\rX-Evil: 1'), about: 'safety' },
    badField('cr-cr-lf', 'CR CR LF becomes 502', LINES, 'X-B: 1\r'),
    { ...badField('nul', 'A NUL in a value becomes 502', VALUES, 'X-Evil: a\0b'), about: 'safety' },
    {
      ...badField('control', 'A control byte in a value becomes 502', VALUES, 'X-B: a\x01b'),
      safe: [...mustReplace(), REPAIRED],
    },
    badField('fold', 'A folded line becomes 502', 'RFC 9112 5.2', 'X-B: 1\r\n folded'),
    badField('space-before-colon', 'A space before the colon becomes 502', 'RFC 9112 5.1', 'X-Evil : 1'),
    badField('empty-name', 'An empty name becomes 502', 'RFC 9110 5.1', ': 1'),
    badField('bad-name', 'A name that is no token becomes 502', 'RFC 9110 5.1', 'X Evil: 1'),
    badField('obs-text-name', 'A byte above ASCII in a name becomes 502', 'RFC 9110 5.1', 'X-\xe4: 1'),
    {
      ...badField('no-colon', 'A line without a colon becomes 502', 'RFC 9112 5', 'X-B'),
      safe: [...mustReplace(), REPAIRED],
    },
    bad('nothing', 'A backend that ends without a word becomes 502', 'RFC 9110 15.6.3', ''),
    bad('half-line', 'Half a status line becomes 502', 'RFC 9112 8', 'HTTP/1.1 20'),
    bad('half-head', 'A head without its end becomes 502', 'RFC 9112 8', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'),
    bad(
      'endless-value',
      'A field without end becomes 502',
      'RFC 9112 2.2',
      `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(200_000)}`,
    ),
    bad(
      'endless-fields',
      'Fields without end become 502',
      'RFC 9112 2.2',
      `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(20_000)}`,
    ),
    bad('endless-reason', 'A reason without end becomes 502', STATUS_LINE, `HTTP/1.1 200 ${'x'.repeat(200_000)}`),
    bad(
      'large-head',
      'A head of 100 KB becomes 502',
      'RFC 9112 2.2',
      `${head('HTTP/1.1 200 OK', `X-A: ${'x'.repeat(100_000)}`, 'Content-Length: 2')}ok`,
      [REPAIRED],
    ),
    {
      id: 'response-head/no-space-behind-status',
      title: 'A status line without the space behind the status is repaired',
      rfc: STATUS_LINE,
      send: [get()],
      backend: reply(`${head('HTTP/1.1 200', 'Content-Length: 2')}ok`),
      safe: [
        forwarded({}, { status: 200, line: 'HTTP/1.1 200 ', body: 'ok' }),
        forwarded({}, { status: 200, body: 'ok' }),
        ...mustReplace(),
        ...anyRefusal(),
      ],
    },
    {
      id: 'response-head/http10',
      title: 'A response of HTTP/1.0 is passed on as HTTP/1.1',
      rfc: 'RFC 9110 2.5',
      send: [get()],
      backend: reply(`${head('HTTP/1.0 200 OK', 'Content-Length: 2')}ok`, END),
      safe: [forwarded({}, { status: 200, line: 'HTTP/1.1 200 OK', body: 'ok' }), REPAIRED],
    },
  ],
};
