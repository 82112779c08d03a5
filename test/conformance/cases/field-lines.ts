/** Field lines of requests: line ends, names, values, white space (RFC 9112 5, RFC 9110 5.5 and 5.6.2). */
import {
  ANY_ERROR,
  allForwarded,
  anyRefusal,
  forwarded,
  get,
  getNext,
  HOST,
  head,
  mustRefuse,
  PATH,
  repaired,
  SMUGGLED_PATH,
} from '../bytes.js';
import type { Case, Topic } from '../case.js';

const LINES = 'RFC 9112 2.2';
const NAMES = 'RFC 9110 5.1';
const VALUES = 'RFC 9110 5.5';
const SPACE = 'RFC 9112 5.1';
const FOLDING = 'RFC 9112 5.2';

const REFUSED_OR_REPAIRED = [...mustRefuse(400), ...repaired()] as const;

/** A GET with these bytes among its field lines. */
function bad(id: string, title: string, rfc: string, ...fields: readonly string[]): Case {
  return { id: `field-lines/${id}`, title, rfc, send: [get(...fields, 'X-Behind: 1')], safe: REFUSED_OR_REPAIRED };
}

/** The bytes as they are, where a whole head is in question. */
function raw(id: string, title: string, rfc: string, bytes: string): Case {
  return { id: `field-lines/${id}`, title, rfc, send: [bytes], safe: REFUSED_OR_REPAIRED };
}

/** Refused, although RFC 9110 5.5 lets a recipient keep such a byte where it is in no danger. */
function control(id: string, what: string, byte: string): Case {
  const field = `X-Value: a${byte}b`;
  return {
    ...bad(id, `${what} in a value is refused`, VALUES, field),
    safe: [...mustRefuse(400), forwarded({ has: [field] })],
  };
}

/** Every visible ASCII character that is no token character, and the colon aside. */
const NO_TOKEN = [...'"(),/;<=>?@[\\]{}'];

export const FIELD_LINES: Topic = {
  name: 'Field lines',
  about: 'safety',
  side: 'request',
  cases: [
    raw(
      'lf-everywhere',
      'A head whose lines end in LF alone is refused',
      LINES,
      `GET ${PATH} HTTP/1.1\nHost: site.test\n\n`,
    ),
    raw(
      'lf-request-line',
      'A request line that ends in LF alone is refused',
      LINES,
      `GET ${PATH} HTTP/1.1\nHost: site.test\r\n\r\n`,
    ),
    bad('lf-field', 'A field line that ends in LF alone is refused', LINES, 'X-A: 1\nX-B: 2'),
    {
      ...raw('lf-empty-line', 'An empty line of LF alone does not end a head', LINES, ''),
      send: [`GET ${PATH} HTTP/1.1\r\nHost: site.test\r\n\n${getNext('second')}`],
      answers: 2,
      safe: [...mustRefuse(400), allForwarded({}, { line: `GET ${PATH}/second HTTP/1.1` })],
    },
    raw(
      'cr-request-line',
      'A CR alone does not end a request line',
      LINES,
      `GET ${PATH} HTTP/1.1\rHost: site.test\r\n\r\n`,
    ),
    bad('cr-field', 'A CR alone does not end a field line', LINES, 'X-A: 1\rX-B: 2'),
    bad('cr-cr-lf', 'CR CR LF does not end a field line', LINES, 'X-A: 1\r'),
    raw(
      'cr-empty-line',
      'An empty line of CR alone does not end a head',
      LINES,
      `GET ${PATH} HTTP/1.1\r\nHost: site.test\r\n\rGET ${SMUGGLED_PATH} HTTP/1.1\r\nHost: site.test\r\n\r\n`,
    ),
    bad('cr-in-name', 'A CR in a name is refused', LINES, 'X-\rA: 1'),
    bad('cr-at-line-start', 'A CR at the start of a line is refused', LINES, '\rX-A: 1'),
    bad('lf-in-name', 'An LF in a name is refused', LINES, 'X-\nA: 1'),
    bad('nul-in-value', 'A NUL in a value is refused', VALUES, 'X-A: a\0b'),
    bad('nul-in-name', 'A NUL in a name is refused', NAMES, 'X-\0A: 1'),
    control('control-01', 'The control byte 01', '\x01'),
    control('backspace', 'A backspace', '\b'),
    control('vertical-tab', 'A vertical tab', '\x0b'),
    control('escape', 'An escape', '\x1b'),
    control('delete', 'A delete', '\x7f'),
    bad('fold', 'A folded line is refused', FOLDING, 'X-A: 1', ' folded'),
    bad('fold-tab', 'A line folded with a tab is refused', FOLDING, 'X-A: 1', '\tfolded'),
    bad('fold-empty', 'A folded line of white space alone is refused', FOLDING, 'X-A: 1', ' '),
    raw(
      'fold-first',
      'White space in front of the first field is refused',
      SPACE,
      head(`GET ${PATH} HTTP/1.1`, ' X-A: 1', HOST),
    ),
    raw('fold-host', 'A folded Host is refused', FOLDING, head(`GET ${PATH} HTTP/1.1`, 'Host:', ' site.test')),
    bad('space-before-colon', 'A space before the colon is refused', SPACE, 'X-A : 1'),
    bad('tab-before-colon', 'A tab before the colon is refused', SPACE, 'X-A\t: 1'),
    bad('space-in-name', 'A space in a name is refused', NAMES, 'X A: 1'),
    bad('no-colon', 'A line without a colon is refused', 'RFC 9112 5', 'X-A'),
    bad('empty-name', 'An empty name is refused', NAMES, ': 1'),
    bad('colon-alone', 'A colon alone is refused', NAMES, ':'),
    bad('obs-text-name', 'A byte above ASCII in a name is refused', NAMES, 'X-\xc3\x84: 1'),
    bad('control-name', 'A control byte in a name is refused', NAMES, 'X-\x01: 1'),
    bad('delete-name', 'A delete in a name is refused', NAMES, 'X-\x7f: 1'),
    ...NO_TOKEN.map((character) =>
      bad(
        `name-${character.charCodeAt(0).toString(16)}`,
        `The character ${character} in a name is refused`,
        'RFC 9110 5.6.2',
        `X${character}A: 1`,
      ),
    ),
    bad(
      'request-as-field',
      'A request line in the place of a field is refused',
      'RFC 9112 5',
      `GET ${SMUGGLED_PATH} HTTP/1.1`,
    ),
    {
      id: 'field-lines/token-characters',
      title: 'Every token character may stand in a name',
      rfc: 'RFC 9110 5.6.2',
      send: [get("!#$%&'*+-.^`|~09azAZ: 1")],
      safe: [forwarded({ has: ["!#$%&'*+-.^`|~09azAZ: 1"] }), forwarded({}), ANY_ERROR],
    },
    {
      id: 'field-lines/colon-in-value',
      title: 'A colon in a value belongs to it',
      rfc: VALUES,
      send: [get('X-A: b: c:')],
      safe: [forwarded({ has: ['X-A: b: c:'] })],
    },
    {
      id: 'field-lines/no-space-behind-colon',
      title: 'The space behind the colon may be missing',
      rfc: VALUES,
      send: [get('X-A:b')],
      safe: [forwarded({ has: ['X-A: b'] })],
    },
    {
      id: 'field-lines/leading-crlf',
      title: 'One empty line in front of a request is forgiven',
      rfc: LINES,
      send: [`\r\n${get()}`],
      safe: [forwarded({ line: `GET ${PATH} HTTP/1.1` }), ...anyRefusal()],
    },
    {
      id: 'field-lines/leading-crlf-between',
      title: 'One empty line between two requests is forgiven',
      rfc: LINES,
      send: [`${get()}\r\n${get()}`],
      answers: 2,
      safe: [
        { kind: 'forwarded', answers: [{ status: 200 }, { status: 200 }], end: 'open', reaches: [{}, {}] },
        ...anyRefusal([{}]),
      ],
    },
    {
      id: 'field-lines/leading-crlf-twice',
      title: 'Two empty lines in front of a request are refused',
      rfc: LINES,
      send: [`\r\n\r\n${get()}`],
      safe: [...mustRefuse(400), forwarded({ line: `GET ${PATH} HTTP/1.1` })],
    },
    {
      id: 'field-lines/leading-lf',
      title: 'An LF alone in front of a request is refused',
      rfc: LINES,
      send: [`\n${get()}`],
      safe: [...mustRefuse(400), forwarded({ line: `GET ${PATH} HTTP/1.1` })],
    },
    raw('leading-space', 'White space in front of a request is refused', LINES, ` ${get()}`),
    raw('leading-cr', 'A CR alone in front of a request is refused', LINES, `\r${get()}`),
  ],
};
