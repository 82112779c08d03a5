/** How large a head may be: refused in time and with the right status, not kept in memory (RFC 9110 15.5.15, RFC 6585 5). */
import { allForwarded, anyRefusal, forwarded, get, HOST, head, mustRefuse, PATH } from '../bytes.js';
import type { Case, Outcome, Topic } from '../case.js';

const TARGET = 'RFC 9110 15.5.15';
const FIELDS = 'RFC 6585 5';

function manyFields(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: 1`);
}

function large(id: string, title: string, send: string, status: number, others: readonly Outcome[] = []): Case {
  return {
    id: `limits/${id}`,
    title,
    rfc: status === 414 ? TARGET : FIELDS,
    send: [send],
    safe: [...mustRefuse(status), ...others],
  };
}

export const LIMITS: Topic = {
  name: 'Limits',
  about: 'safety',
  side: 'request',
  cases: [
    large(
      'target',
      'A target of 100 KB is refused with 414',
      head(`GET ${PATH}/${'x'.repeat(100_000)} HTTP/1.1`, HOST),
      414,
    ),
    large('target-endless', 'A target without end is refused with 414', `GET ${PATH}/${'x'.repeat(100_000)}`, 414),
    large('value', 'A field of 100 KB is refused with 431', get(`X-A: ${'x'.repeat(100_000)}`), 431),
    large(
      'value-endless',
      'A field without end is refused with 431',
      `GET ${PATH} HTTP/1.1\r\nX-A: ${'x'.repeat(100_000)}`,
      431,
    ),
    large(
      'name-endless',
      'A name without end is refused with 431',
      `GET ${PATH} HTTP/1.1\r\n${'x'.repeat(100_000)}`,
      431,
    ),
    large('count', 'A thousand fields are refused with 431', get(...manyFields(1_000)), 431, [forwarded({})]),
    large(
      'sum',
      'A hundred fields of a kilobyte each are refused with 431',
      get(...manyFields(100).map((line) => line + 'x'.repeat(1_024))),
      431,
    ),
    large('method-endless', 'A method without end is refused', 'G'.repeat(100_000), 501),
    {
      ...large('connection-options', 'A Connection field that names a thousand options is refused', '', 400),
      send: [get(`Connection: ${Array.from({ length: 1_000 }, (_, index) => `x${index}`).join()}`)],
      safe: [...mustRefuse(400), forwarded({ lacks: ['X1'] })],
    },
    {
      id: 'limits/within',
      title: 'A head of 8 KB and a hundred fields goes on',
      rfc: FIELDS,
      send: [get(...manyFields(100).map((line) => line + 'x'.repeat(60)))],
      safe: [forwarded({ line: `GET ${PATH} HTTP/1.1` }), ...anyRefusal()],
    },
    {
      id: 'limits/within-again',
      title: 'The limit counts each head for itself',
      rfc: FIELDS,
      send: [get(`X-A: ${'x'.repeat(6_000)}`) + get(`X-A: ${'y'.repeat(6_000)}`) + get(`X-A: ${'z'.repeat(6_000)}`)],
      answers: 3,
      safe: [allForwarded({}, {}, {})],
    },
  ],
};
