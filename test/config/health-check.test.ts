import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigDocument } from '../../src/config/document.js';
import { configOf } from '../../src/config/load.js';
import type { HealthCheckConfig } from '../../src/config/schema.js';

/** @param yaml the keys of a health check, as in `path: /health` */
function healthCheck(yaml: string): HealthCheckConfig | undefined {
  const document = new ConfigDocument(
    `pools: { web: { backends: [{ address: a:1 }], healthCheck: { ${yaml} } } }`,
    'f',
  );
  return configOf({ backends: [] }, {}, document).pools['web']?.healthCheck;
}

/** The sentences about it, without where it stands. */
function complaints(yaml: string): readonly string[] {
  try {
    healthCheck(yaml);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.sentences.map((each) => each.replace(/^f:1:\d+: pools\.web\.healthCheck\.?/, ''));
    throw error;
  }
  return [];
}

describe('The configuration of health checks', () => {
  it('connects by TCP unless a path or HTTP is asked for', () => {
    expect(healthCheck('')).to.include({ type: 'tcp' });
    expect(healthCheck('path: /health')).to.include({ type: 'http', path: '/health' });
    expect(healthCheck('type: http')).to.include({ type: 'http', path: '/', method: 'GET' });
  });

  it('takes statuses as numbers and as ranges', () => {
    expect(healthCheck('type: http, status: [204, 300-399, "401"]')?.status).to.deep.equal(['204', '300-399', '401']);
  });

  it('probes a backend that is down as often as any, unless told otherwise', () => {
    expect(healthCheck('interval: 30s')?.downInterval).to.equal(30_000);
    expect(healthCheck('interval: 30s, downInterval: 1m')?.downInterval).to.equal(60_000);
  });

  for (const [what, yaml, expected] of [
    [
      'a status that is none',
      'type: http, status: [99]',
      'status[0]: "99" is not a status; write 204 or 200-399, from 200 to 599',
    ],
    [
      'a range that is upside down',
      'type: http, status: [399-200]',
      'status[0]: "399-200" is not a status; write 204 or 200-399, from 200 to 599',
    ],
    ['no status', 'type: http, status: []', 'status: needs at least one status'],
    [
      'a path on a TCP check',
      'type: tcp, path: /x',
      'path: "path" is for HTTP, and a probe of type "tcp" sends nothing',
    ],
    [
      'a status on a TCP check',
      'type: tcp, status: [200]',
      'status: "status" is for HTTP, and a probe of type "tcp" sends nothing',
    ],
    [
      'a text in the body of a response that has none',
      'type: http, method: HEAD, body: ok',
      'body: the response to "HEAD" has no body that could hold "ok"',
    ],
    ['an unknown method', 'type: http, method: get', 'method: "get" is not known; did you mean GET?'],
    [
      'a field that frames the request',
      'type: http, headers: { Content-Length: "3" }',
      `headers: "Content-Length" is a field that the probe sets itself`,
    ],
    ['a Host among the fields', 'type: http, headers: { host: a }', 'headers: "Host" is set by the key host'],
    [
      'a field that would be two',
      'type: http, headers: { X: "a\\r\\nY: b" }',
      'headers.X: "a??Y: b" must be printable ASCII without outer spaces',
    ],
    ['a port out of range', 'port: 70000', 'port: "70000" is not a whole number from 1 to 65535'],
  ] as const) {
    it(`says what is wrong with ${what}`, () => {
      expect(complaints(yaml)).to.deep.equal([expected]);
    });
  }
});
