import { expect } from 'chai';
import fc from 'fast-check';
import { changedUnder } from '../../src/config/changed-keys.js';
import { ConfigDocument } from '../../src/config/document.js';
import { effectiveYaml } from '../../src/config/effective.js';
import { configOf } from '../../src/config/load.js';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema.js';

const config = (input: Partial<ConfigInput> = {}): Config =>
  configSchema.parse({ pools: { web: { backends: [{ address: 'a:1' }] } }, ...input });

const readBack = (text: string): Config => configOf({ backends: [] }, {}, new ConfigDocument(text, 'f'));

describe('The effective configuration', () => {
  it('has every default, and times as a person writes them', () => {
    const lines = effectiveYaml(config({ timeouts: { head: 1_500, write: 'off' } })).split('\n');
    expect(lines).to.include.members([
      'workers: auto',
      'drain: 30s',
      '  head: 1500ms',
      '  write: off',
      '  keepAlive: 65s',
      '  web:',
      '    policy: two-choices',
      '      - address: a:1',
      '        weight: 1',
      '      interval: 5s',
      '      longestEjection: 5m',
      '      tunnelIdle: 1h',
    ]);
  });

  it('is a configuration file that comes to the same', () => {
    const day = fc.integer({ min: 0, max: 86_400_000 });
    const some = day.filter((ms) => ms > 0);
    const written = fc.record({
      workers: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 256 })),
      drain: some,
      timeouts: fc.record({ head: day, bodyGap: day, keepAlive: day, write: day }),
      forwarding: fc.record({
        via: fc.constantFrom('off', 'no', '0x1', '1e3', '~', 'null', "a'b"),
        forwarded: fc.boolean(),
      }),
      pools: fc.dictionary(
        fc.constantFrom('web', '8080', 'null', 'true', '1e3', 'a.b', 'y'),
        fc.record({
          retries: fc.record({
            on: fc.constantFrom([], ['reset', 503], ['5xx']),
            perTryTimeout: day,
          }),
          hedging: fc.constantFrom({}, { delay: 'p99' as const }, { delay: 50 }, { delay: '1m' }),
          backends: fc.constant([{ address: '[::1]:80', weight: 7 }, { address: 'a.example:1' }]),
          healthCheck: fc.record({ path: fc.constantFrom('/', '/#x', '/a:b', "/'", '/"', '/%20&*!'), interval: some }),
        }),
        { minKeys: 1, maxKeys: 1 },
      ),
    });
    fc.assert(
      fc.property(written, (input) => {
        const parsed = configSchema.parse(input);
        expect(readBack(effectiveYaml(parsed))).to.deep.equal(parsed);
      }),
      { numRuns: 200 },
    );
  });
});

describe('What changed between two configurations', () => {
  it('is nothing when they are written differently and mean the same', () => {
    expect(changedUnder('', config({ drain: '60s' }), config({ drain: '1m', workers: 'auto' }))).to.deep.equal([]);
  });

  it('is named key by key, lists as a whole', () => {
    const after = config({
      workers: 2,
      listeners: [{ address: '127.0.0.1:1' }],
      timeouts: { head: '1s' },
      pools: { web: { policy: 'random', backends: [{ address: 'b:1' }], healthCheck: { path: '/x' } } },
    });
    const check = ['pools.web.healthCheck.path', 'pools.web.healthCheck.type'];
    const expected = ['workers', 'listeners', 'timeouts.head', 'pools.web.policy', 'pools.web.backends', ...check];
    expect(changedUnder('', config(), after)).to.have.members(expected);
    expect(changedUnder('', after, config())).to.have.members(expected);
  });

  it('names a pool that is called otherwise now under both names', () => {
    const after = config({ pools: { api: { backends: [{ address: 'a:1' }] } } });
    expect(changedUnder('', config(), after)).to.have.members(['pools.web', 'pools.api']);
  });
});
