import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigDocument } from '../../src/config/document.js';
import type { Args } from '../../src/config/from-args.js';
import { ConfigValue, configOf } from '../../src/config/load.js';
import { type Config, configSchema } from '../../src/config/schema.js';
import { UsageError } from '../../src/config/usage-error.js';

function config(text: string, args: Partial<Args> = {}, environment: Record<string, string> = {}): Config {
  return configOf({ backends: [], ...args }, environment, new ConfigDocument(text, 'f'));
}

/** The sentences about a file. */
function complaints(text: string): readonly string[] {
  try {
    config(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.sentences;
    throw error;
  }
  return [];
}

const FILE = `
listeners: [{ address: 127.0.0.1:7000 }]
workers: 3
accept: shared
admin: off
logLevel: warn
drain: 1m
pools:
  web:
    policy: random
    backends: [{ address: 10.0.0.1:80, weight: 2 }]
    healthCheck: { path: /file, interval: 7s, fall: 9 }
`;

describe('The configuration from a file', () => {
  it('is what the file says, and defaults for the rest', () => {
    expect(config(FILE)).to.deep.equal(
      configSchema.parse({
        listeners: [{ address: '127.0.0.1:7000' }],
        workers: 3,
        accept: 'shared',
        admin: 'off',
        logLevel: 'warn',
        drain: 60_000,
        pools: {
          web: {
            policy: 'random',
            backends: [{ address: '10.0.0.1:80', weight: 2 }],
            healthCheck: { path: '/file', interval: 7_000, fall: 9 },
          },
        },
      }),
    );
  });

  it('may name its schema, which is not kept', () => {
    expect(config(`$schema: ./roundhouse.schema.json\n${FILE}`)).to.deep.equal(config(FILE));
  });

  it('takes 0 and off for a time that may be off', () => {
    const { timeouts } = config(`timeouts: { head: 0, write: off, keepAlive: "0" }\n${FILE}`);
    expect(timeouts).to.include({ head: 0, write: 0, keepAlive: 0 });
  });
});

describe('A file with several pools', () => {
  const several = `
pools:
  web: { backends: [{ address: 10.0.0.1:80 }] }
  api: { backends: [{ address: 10.0.0.2:80 }] }
`;
  const choosing: readonly [string, Partial<Args>, Record<string, string>][] = [
    ['--policy', { policy: 'random' }, {}],
    ['--health-path', { healthPath: '/up' }, {}],
    ['BACKENDS', { backends: ['10.0.0.3:80'] }, {}],
    ['ROUNDHOUSE_HEALTH_INTERVAL', {}, { ROUNDHOUSE_HEALTH_INTERVAL: '3s' }],
  ];
  for (const [source, args, environment] of choosing) {
    it(`takes no ${source}, which would have to choose one`, () => {
      const sentence = `${source}: the file has several pools ("web", "api"); set it in the file, in one of them`;
      expect(() => config(several, args, environment)).to.throw(UsageError, sentence);
    });
  }

  it('has 256 at most', () => {
    const many = Array.from({ length: 257 }, (_, n) => `  p${n}: { backends: [{ address: 10.0.0.1:80 }] }`);
    expect(complaints(`pools:\n${many.join('\n')}`)).to.include('f:258:9: pools.p256: has more than 256 pools');
  });
});

describe('Flags, variables and a file', () => {
  const environment = {
    ROUNDHOUSE_LISTEN: '7001',
    ROUNDHOUSE_WORKERS: '4',
    ROUNDHOUSE_ACCEPT: 'round-robin',
    ROUNDHOUSE_ADMIN: '127.0.0.1:9000',
    ROUNDHOUSE_LOG_LEVEL: 'debug',
    ROUNDHOUSE_BACKENDS: '10.0.0.2:80',
    ROUNDHOUSE_POLICY: 'round-robin',
    ROUNDHOUSE_HEALTH_PATH: '/variable',
    ROUNDHOUSE_HEALTH_INTERVAL: '8s',
  };
  const args: Args = {
    listen: ['7002'],
    workers: '5',
    accept: 'reuse-port',
    admin: '9002',
    logLevel: 'error',
    backends: ['10.0.0.3:80@3', '10.0.0.4:80'],
    policy: 'least-connections',
    healthPath: '/flag',
    healthInterval: '9s',
  };
  /** What each of the three could say. */
  const said = ({ listeners, workers, accept, admin, logLevel, pools }: Config) => ({
    listeners,
    workers,
    accept,
    admin,
    logLevel,
    pools: Object.entries(pools).map(
      ([
        name,
        {
          policy,
          backends,
          healthCheck: { path, interval, fall },
        },
      ]) => {
        return { name, policy, backends, path, interval, fall };
      },
    ),
  });

  it('are obeyed in this order: variables beat the file, in the pool that the file names', () => {
    expect(said(config(FILE, {}, environment))).to.deep.equal({
      listeners: [{ address: '0.0.0.0:7001', name: '0.0.0.0:7001' }],
      workers: 4,
      accept: 'round-robin',
      admin: '127.0.0.1:9000',
      logLevel: 'debug',
      pools: [
        {
          name: 'web',
          policy: 'round-robin',
          backends: [{ address: '10.0.0.2:80', weight: 1, tier: 0, maxConnections: 0 }],
          path: '/variable',
          interval: 8_000,
          fall: 9,
        },
      ],
    });
  });

  it('and flags beat both', () => {
    expect(said(config(FILE, args, environment))).to.deep.equal({
      listeners: [{ address: '0.0.0.0:7002', name: '0.0.0.0:7002' }],
      workers: 5,
      accept: 'reuse-port',
      admin: '127.0.0.1:9002',
      logLevel: 'error',
      pools: [
        {
          name: 'web',
          policy: 'least-connections',
          backends: [
            { address: '10.0.0.3:80', weight: 3, tier: 0, maxConnections: 0 },
            { address: '10.0.0.4:80', weight: 1, tier: 0, maxConnections: 0 },
          ],
          path: '/flag',
          interval: 9_000,
          fall: 9,
        },
      ],
    });
  });

  it('may leave the pool to the command line altogether', () => {
    expect(Object.keys(config('workers: 2', { backends: ['a:1'] }).pools)).to.deep.equal(['default']);
  });

  it('that are wrong are named by flag or variable, before what is wrong in the file', () => {
    const wrong = `${FILE}\nlimits: { fields: 1 }`;
    expect(() => config(wrong, { policy: 'rr' })).to.throw(
      UsageError,
      '--policy: "rr" is not known; write two-choices',
    );
    expect(() => config(wrong, {}, { ROUNDHOUSE_WORKERS: 'x' })).to.throw(UsageError, 'ROUNDHOUSE_WORKERS: "x"');
    expect(() => config(wrong, { backends: ['a'] })).to.throw(UsageError, 'BACKENDS: "a" has no port');
  });

  it('do not hide that what they go into is no pool', () => {
    expect(() => config('pools: [1]', { policy: 'random' })).to.throw(
      ConfigError,
      'f:1:8: pools: a list is not a mapping of keys to values',
    );
  });
});

/** A file whose only pool has these lines, in `{}`. The pool begins in column 15 of line 1. */
const pool = (inside: string): string => `pools: { web: { backends: [{ address: "a:1" }], ${inside} } }`;

describe('A wrong file', () => {
  for (const [what, text, expected] of [
    ['no pools', 'workers: 2', ['f:1:1: the key "pools" is missing']],
    ['no pool', 'pools: {}', ['f:1:8: pools: has no pool; a balancer has at least one']],
    [
      'a second pool',
      'pools:\n  web: &web\n    backends: [{ address: "a:1" }]\n  api: *web\n',
      ['f:4:3: pools.api: is the second of 2 pools, and there are no routes that say which requests go to which pool'],
    ],
    [
      'a pool name of two words',
      'pools: { my web: { backends: [{ address: "a:1" }] } }',
      ['f:1:10: pools: "my web" must be one word of letters, digits, dots, - and _, 64 at most'],
    ],
    ['a list', '- a', ['f:1:1: a list is not a mapping of keys to values']],
    ['a word', 'hello', ['f:1:1: "hello" is not a mapping of keys to values']],
    [
      'no backends',
      'pools: { web: {} }',
      ['f:1:15: pools.web: needs backends or services; "backends: []" is a pool that is filled at run time'],
    ],
    [
      'a misspelt key',
      pool('helthcheck: {}'),
      ['f:1:49: pools.web: "helthcheck" is not known here; did you mean "healthCheck"?'],
    ],
    [
      'a page under a misspelt name',
      pool('errorPages: { maintenence: { body: x } }'),
      ['f:1:63: pools.web.errorPages: "maintenence" is no status of an error; did you mean maintenance?'],
    ],
    [
      'a key that is like none',
      pool('retries: { zzz: 1 }'),
      [
        'f:1:60: pools.web.retries: "zzz" is not known here; write count, on, perTryTimeout, backoff, idempotencyKey, clientShare, budget, minPerSecond or bodyBytes',
      ],
    ],
    [
      'a misspelt rule to be lenient about',
      'http: { lenient: [utf8-target, response-bear-lf, nothing] }\npools: { web: { backends: [{ address: "a:1" }] } }',
      [
        'f:1:32: http.lenient[1]: "response-bear-lf" is not known; did you mean response-bare-lf?',
        'f:1:50: http.lenient[2]: "nothing" is not known; write utf8-target, response-bare-lf, response-line-folding, response-space-before-colon or response-bad-field-name',
      ],
    ],
    [
      'a rule to be lenient about twice',
      'http: { lenient: [utf8-target, utf8-target] }\npools: { web: { backends: [{ address: "a:1" }] } }',
      ['f:1:32: http.lenient[1]: "utf8-target" is listed twice'],
    ],
    [
      'a misspelt word',
      pool('policy: leastconn'),
      ['f:1:57: pools.web.policy: "leastconn" is not known; did you mean least-connections?'],
    ],
    [
      'a word that is like none',
      `logLevel: loud\n${pool('')}`,
      ['f:1:11: logLevel: "loud" is not known; write error, warn, info or debug'],
    ],
    [
      'a hash of nothing',
      pool('hash: { key: user }'),
      ['f:1:62: pools.web.hash.key: "user" is not a hash key; write ip, path, header:NAME or cookie:NAME'],
    ],
    [
      'a cookie that no browser keeps',
      pool('sticky: { cookie: rh, sameSite: none }'),
      ['f:1:81: pools.web.sticky.sameSite: "none" is refused by browsers unless `secure` is true'],
    ],
    [
      'a bound below the share',
      pool('hash: { balanceFactor: 0.5 }'),
      ['f:1:72: pools.web.hash.balanceFactor: "0.5" must be more than 1, or 0'],
    ],
    [
      'a time without unit',
      pool('timeouts: { connect: 5 }'),
      ['f:1:70: pools.web.timeouts.connect: "5" is not a time; write 500ms, 5s or 1m, at most 24h'],
    ],
    [
      'a time that is no time',
      pool('timeouts: { idle: [5s] }'),
      ['f:1:67: pools.web.timeouts.idle: a list is not a time; write 500ms, 5s or 1m, at most 24h'],
    ],
    [
      'a time that cannot be off',
      pool('timeouts: { idle: off }'),
      ['f:1:67: pools.web.timeouts.idle: "off" must be longer than 0'],
    ],
    [
      'a number too large',
      pool('idleConnections: 20000'),
      ['f:1:66: pools.web.idleConnections: "20000" is not a whole number from 0 to 10000'],
    ],
    [
      'a word for a number',
      pool('idleConnections: many'),
      ['f:1:66: pools.web.idleConnections: "many" is not a whole number from 0 to 10000'],
    ],
    [
      'a broken number',
      pool('healthCheck: { rise: 1.5 }'),
      ['f:1:70: pools.web.healthCheck.rise: "1.5" is not a whole number from 1 to 100'],
    ],
    [
      'a text for true',
      `forwarding: { forwarded: yes }\n${pool('')}`,
      ['f:1:26: forwarding.forwarded: "yes" is not true or false'],
    ],
    [
      'a number for a text',
      pool('healthCheck: { path: 5 }'),
      ['f:1:70: pools.web.healthCheck.path: "5" is not a text; put it in quotes'],
    ],
    [
      'a path without /',
      pool('healthCheck: { path: health }'),
      ['f:1:70: pools.web.healthCheck.path: "health" must start with / and hold no spaces'],
    ],
    [
      'a time without a value',
      pool('timeouts: { connect: }'),
      ['f:1:70: pools.web.timeouts.connect: has no value; write a time, as in 5s, or leave the key out'],
    ],
    [
      'a key without a value',
      pool('retries: '),
      ['f:1:59: pools.web.retries: has no value; write a mapping of keys to values, or leave the key out'],
    ],
    ['a port for an address', `admin: 9901\n${pool('')}`, ['f:1:8: admin: "9901" is not an address; write host:port']],
    [
      'a backend without address',
      'pools: { web: { backends: [{ weight: 2 }] } }',
      ['f:1:28: pools.web.backends[0]: the key "address" is missing'],
    ],
    [
      'a backend whose address has a misspelt key',
      'pools: { web: { backends: [{ adress: "a:1" }] } }',
      ['f:1:30: pools.web.backends[0]: "adress" is not known here; did you mean "address"?'],
    ],
    [
      'a weight of 0',
      'pools: { web: { backends: [{ address: "a:1", weight: 0 }] } }',
      ['f:1:54: pools.web.backends[0].weight: "0" is not a weight; write a whole number from 1 to 1000'],
    ],
    [
      'a backend listed twice',
      'pools: { web: { backends: [{ address: "a:1" }, { address: "A:1" }] } }',
      ['f:1:59: pools.web.backends[1].address: backend "a:1" is listed twice'],
    ],
    [
      'overlapping listeners',
      `listeners: [{ address: "[::]:80" }, { address: 10.0.0.1:80 }]\n${pool('')}`,
      ['f:1:48: listeners[1].address: "10.0.0.1:80" overlaps "[::]:80"'],
    ],
    [
      'two listeners of one name',
      `listeners: [{ address: a:1, name: x }, { address: b:1, name: x }]\n${pool('')}`,
      ['f:1:62: listeners[1].name: the name "x" is used by a:1 already; every listener has its own'],
    ],
    ['no listener', `listeners: []\n${pool('')}`, ['f:1:12: listeners: needs at least one listener']],
    [
      'workers that are no number',
      `workers: { count: 2 }\n${pool('')}`,
      ['f:1:10: workers: a mapping is not a worker count; write auto or a number from 0 to 256'],
    ],
    [
      'names that objects have',
      '__proto__: { workers: 2 }\nconstructor: 1\npools: {}',
      [
        /^f:1:1: "__proto__" is not known here/,
        /^f:2:1: "constructor" is not known here/,
        'f:3:8: pools: has no pool; a balancer has at least one',
      ],
    ],
    ...(
      [
        ['a pool', 'pools: { toString: { backends: [{ address: a:80 }] } }', '1:10: pools'],
        ['the share of a pool', `${pool('')}\nroutes: [{ split: { __proto__: 1 } }]`, '2:21: routes[0].split'],
        ['a field', `${pool('')}\nroutes: [{ headers: { __proto__: x } }]`, '2:23: routes[0].headers'],
        [
          'a rule',
          `${pool('')}\nroutes: [{ requestHeaders: { set: { constructor: x } } }]`,
          '2:37: routes[0].requestHeaders.set',
        ],
      ] as const
    ).map(
      ([what, text, place]) =>
        [
          `a name that objects have as that of ${what}`,
          text,
          [
            new RegExp(
              `^f:${place.replaceAll(/[[\].]/g, '\\$&')}: "\\w+" cannot be a name here: every object has it; take`,
            ),
          ],
        ] as const,
    ),
    [
      'a mapping that cannot be written as text, in place of a word',
      'pools: { web: { policy: { toString: 1 }, backends: [{ address: a:80 }] } }',
      [/^f:1:25: pools\.web\.policy: a mapping is not known; write two-choices, /],
    ],
  ] as const satisfies readonly (readonly [string, string, readonly (string | RegExp)[]])[]) {
    it(`is refused with place, value and what would be right: ${what}`, () => {
      const found = complaints(text);
      expect(found).to.have.length(expected.length);
      for (const [index, sentence] of expected.entries()) {
        if (typeof sentence === 'string') expect(found[index]).to.equal(sentence);
        else expect(found[index]).to.match(sentence);
      }
    });
  }

  it('is explained from top to bottom, five sentences at most', () => {
    const keys = Array.from({ length: 8 }, (_, index) => `q${index}q: 1\n`).join('');
    const found = complaints(`${keys}pools: 1\n`);
    expect(found.map((line) => line.slice(0, 4))).to.deep.equal(['f:1:', 'f:2:', 'f:3:', 'f:4:', 'f:5:', 'and ']);
    expect(found.at(-1)).to.equal('and 4 more');
  });

  it('is explained in five sentences however many its mistakes are', () => {
    const names = Array.from({ length: 256 }, (_, i) => `${'n'.repeat(50)}${i}`);
    const pools = Object.fromEntries(names.map((name) => [name, { backends: [{ address: '10.0.0.1:80' }] }]));
    const routes = Array.from({ length: 2_000 }, (_, i) => ({ path: `/p${i}`, pool: `${'m'.repeat(50)}${i}` }));
    const unknown = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`helthCheck${i}`, 1]));
    for (const [value, more] of [
      [{ pools, routes }, 'and 1995 more'],
      [{ pools, routes: [{ pool: names[0] }], ...unknown }, 'and 29995 more'],
    ] as const) {
      expect(() => configOf({ backends: [] }, {}, new ConfigValue(value, 'f')))
        .to.throw(ConfigError)
        .that.satisfies(({ sentences }: ConfigError) => sentences.at(-1) === (sentences.length === 6 ? more : ''));
    }
  });

  it('is quoted in part where it is very long', () => {
    expect(complaints(`pools: ${'x'.repeat(100_000)}`).join()).to.have.length.below(2_100);
  });

  it('cannot move the cursor of who reads about it', () => {
    expect(complaints('"\\e[2J": 1').join()).to.match(/^[\x20-\x7e]+$/);
  });
});
