import { expect } from 'chai';
import { configSchema } from '../../src/config/schema.js';

const BACKENDS = [{ address: '127.0.0.1:3001' }];

/** A configuration whose only pool has these fields. */
function withPool(pool: Record<string, unknown>): Record<string, unknown> {
  return { pools: { web: { backends: BACKENDS, ...pool } } };
}

/** The complaints about `input`, each as `path: sentence`. */
function complaints(input: unknown): string[] {
  const { error } = configSchema.safeParse(input);
  return error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
}

describe('The configuration', () => {
  it('needs nothing but a backend', () => {
    const config = configSchema.parse({ pools: { web: { backends: BACKENDS } } });
    expect(config).to.deep.include({
      listeners: [{ address: '0.0.0.0:8080', name: '0.0.0.0:8080' }],
      workers: 'auto',
      accept: 'auto',
      admin: '127.0.0.1:9901',
      logLevel: 'info',
      drain: 30_000,
      timeouts: {
        handshake: 10_000,
        head: 10_000,
        bodyGap: 30_000,
        keepAlive: 65_000,
        write: 60_000,
        tcpKeepAlive: 60_000,
      },
      limits: {
        headBytes: 16_384,
        fields: 128,
        bodyBytes: 0,
        bodyRate: 256,
        pipelined: 0,
        connections: 'auto',
        handshakes: 256,
        connectionsPerAddress: 0,
      },
      forwarding: { trustedProxies: [], forwarded: false, via: 'off', requestId: false },
    });
    expect(config.pools['web']).to.deep.equal({
      policy: 'two-choices',
      backends: [{ address: '127.0.0.1:3001', weight: 1, tier: 0, maxConnections: 0 }],
      panic: 0.5,
      slowStart: 0,
      hash: { key: 'ip', balanceFactor: 1.25 },
      healthCheck: {
        type: 'tcp',
        path: undefined,
        method: 'GET',
        headers: {},
        status: ['200-399'],
        interval: 5_000,
        changingInterval: 1_000,
        silence: 2_000,
        downInterval: 5_000,
        jitter: 0.1,
        timeout: 2_000,
        rise: 2,
        fall: 3,
        initial: 'unknown',
      },
      outlier: {
        consecutiveFailures: 5,
        consecutiveGatewayErrors: 0,
        clientShare: 0.5,
        window: 10_000,
        ejection: 10_000,
        longestEjection: 300_000,
      },
      queue: { length: 1_024, timeout: 5_000 },
      retries: {
        count: 2,
        on: ['connect-failure', 'reset'],
        perTryTimeout: 0,
        backoff: { base: 25, longest: 250 },
        idempotencyKey: false,
        clientShare: 0.5,
        budget: 0.2,
        minPerSecond: 3,
        bodyBytes: 65_536,
      },
      circuitBreaker: { connections: 0, pending: 0, requests: 0, retries: 0 },
      timeouts: {
        connect: 3_000,
        responseHead: 30_000,
        betweenBytes: 60_000,
        tunnelIdle: 3_600_000,
        idle: 4_000,
        longestIdle: 60_000,
        tcpKeepAlive: 60_000,
      },
      host: 'pass',
      idleConnections: 1_024,
      services: [],
      pipelining: 1,
    });
  });

  it('takes a backup for a backend of tier 1', () => {
    const backends = [{ address: '127.0.0.1:1' }, { address: '127.0.0.1:2', backup: true }];
    const parsed = configSchema.parse({
      pools: { web: { backends: [...backends, { ...backends[0], address: '127.0.0.1:3', backup: false, tier: 2 }] } },
    });
    expect(parsed.pools['web']?.backends.map(({ tier }) => tier)).to.deep.equal([0, 1, 2]);
    expect(parsed.pools['web']?.backends[1]).to.not.have.property('backup');
  });

  it('stays the same when it is parsed again, as it is on its way to a worker', () => {
    const config = configSchema.parse({
      listeners: [{ address: '[::]:0' }],
      drain: '5s',
      pools: {
        web: {
          policy: 'round-robin',
          backends: [{ address: 'A.example:80', weight: 5 }],
          healthCheck: { path: '/health', interval: '1.5s', status: [204, '300-399'], headers: { 'X-Probe': '1' } },
        },
      },
    });
    expect(configSchema.parse(structuredClone(config))).to.deep.equal(config);
  });

  it('keeps the other defaults of a group of which one was given', () => {
    const config = configSchema.parse(withPool({ healthCheck: { interval: '1s' } }));
    expect(config.pools['web']?.healthCheck).to.include({ interval: 1_000, timeout: 2_000, fall: 3 });
  });

  for (const [what, input, expected] of [
    [
      'a backend listed twice, in whatever spelling',
      withPool({ backends: [{ address: 'Web:80' }, { address: 'web:80', weight: 2 }] }),
      'pools.web.backends.1.address: backend "web:80" is listed twice',
    ],
    [
      'a limit of connections beside pipelining',
      withPool({ pipelining: 4, circuitBreaker: { connections: 9 } }),
      'pools.web.circuitBreaker.connections: "9" cannot be enforced while requests share connections; ' +
        'set it to 0, or pipelining to 1',
    ],
    [
      'a deviation that none of so few backends can have',
      withPool({ outlier: { successRate: { backends: 4 } } }),
      'pools.web.outlier.successRate.deviations: "1.9" ejects nothing: one of 4 backends is never more than 1.73 ' +
        'deviations from their mean',
    ],
    [
      'a condition that is none',
      withPool({ retries: { on: ['reset', 'redirect'] } }),
      'pools.web.retries.on.1: "redirect" is not a retry condition; write connect-failure, reset, timeout, ' +
        'bad-response, gateway-error, 5xx or a status from 400 to 599',
    ],
    [
      'a misspelt condition',
      withPool({ retries: { on: ['bad-respons'] } }),
      'pools.web.retries.on.0: "bad-respons" is not a retry condition; did you mean bad-response?',
    ],
    [
      'a status that is no failure',
      withPool({ retries: { on: [204] } }),
      'pools.web.retries.on.0: "204" is not a retry condition; write connect-failure, reset, timeout, ' +
        'bad-response, gateway-error, 5xx or a status from 400 to 599',
    ],
    [
      'a delay that is none',
      withPool({ hedging: { delay: 'p42' } }),
      'pools.web.hedging.delay: "p42" is not a delay; write p50, p75, p90, p95, p99 or a time, as in 50ms',
    ],
    [
      'a backend that is a listener',
      { ...withPool({ backends: [{ address: 'app:80' }, { address: '127.0.0.1:8080' }] }) },
      'pools.web.backends.1.address: "127.0.0.1:8080" leads back to this balancer, which listens on 0.0.0.0:8080',
    ],
    [
      'a backend that is the admin address',
      withPool({ backends: [{ address: '127.0.0.1:9901' }] }),
      'pools.web.backends.0.address: "127.0.0.1:9901" leads back to this balancer, which listens on 127.0.0.1:9901',
    ],
    [
      'an address with all its addresses',
      withPool({ backends: [{ address: '10.0.0.1:80', resolve: 'all' }] }),
      'pools.web.backends.0.resolve: "all" is for names, and "10.0.0.1:80" is an address; leave it out',
    ],
    [
      'a pool that does not say which',
      withPool({ backends: undefined }),
      'pools.web: needs backends or services; "backends: []" is a pool that is filled at run time',
    ],
    [
      'a backend without a port',
      withPool({ backends: [{ address: 'web' }] }),
      'pools.web.backends.0.address: "web" has no port; write host:port',
    ],
    [
      'a bad time',
      withPool({ healthCheck: { interval: 'often' } }),
      'pools.web.healthCheck.interval: "often" is not a time; write 500ms, 5s or 1m, at most 24h',
    ],
    [
      'a time that cannot be off',
      withPool({ timeouts: { connect: 'off' } }),
      'pools.web.timeouts.connect: must be longer than 0',
    ],
    [
      'a health path that is none',
      withPool({ healthCheck: { path: 'health' } }),
      'pools.web.healthCheck.path: must start with / and hold no spaces',
    ],
    [
      'a health path that would smuggle a header in',
      withPool({ healthCheck: { path: '/ HTTP/1.1\r\nX: y' } }),
      'pools.web.healthCheck.path: must start with / and hold no spaces',
    ],
    ['no pool', { pools: {} }, 'pools: has no pool; a balancer has at least one'],
    [
      'a second pool',
      { pools: { web: { backends: BACKENDS }, api: { backends: BACKENDS } } },
      'pools.api: is the second of 2 pools, and there are no routes that say which requests go to which pool',
    ],
    [
      'a pool whose name is no word',
      { pools: { 'my web': { backends: BACKENDS } } },
      'pools.my web: Invalid key in record',
    ],
    ['an unknown key', { ...withPool({}), listen: ':80' }, ': Unrecognized key: "listen"'],
    ['an unknown key deep inside', withPool({ retries: { max: 3 } }), 'pools.web.retries: Unrecognized key: "max"'],
  ] as const) {
    it(`says what is wrong with ${what}`, () => {
      expect(complaints(input)).to.deep.equal([expected]);
    });
  }

  for (const workers of [-1, 257, 1.5, 'many', null]) {
    it(`says what a worker count is, of ${workers}`, () => {
      expect(complaints({ ...withPool({}), workers })).to.deep.equal([
        `workers: "${workers}" is not a worker count; write auto or a number from 0 to 256`,
      ]);
    });
  }

  for (const weight of [0, -1, 1.5, 1_001, '2']) {
    it(`refuses weight ${JSON.stringify(weight)}`, () => {
      const [complaint, ...others] = complaints(withPool({ backends: [{ address: 'web:80', weight }] }));
      expect(complaint).to.match(/^pools\.web\.backends\.0\.weight: /);
      expect(others).to.deep.equal([]);
    });
  }

  it('reports all that is wrong at once', () => {
    const found = complaints({ drain: 'x', pools: { web: { backends: [{ address: 'x' }], policy: 'x' } } });
    expect(found.map((line) => line.split(':')[0])).to.have.members([
      'drain',
      'pools.web.policy',
      'pools.web.backends.0.address',
    ]);
  });
});
